// What the dump did to the network: by which means it closed what, so that its locks are found again.
import type { ImageSource } from '../images/source.js'
import { decodeNetns, type InetSkEntry, type InventoryEntry } from '../images/entries.js'
import { whenDecodes } from './decoding.js'
import type { DumpedNetwork, TcpSocket } from './model.js'
import type { Tasks } from './tasks.js'

const METHODS: Readonly<Record<number, DumpedNetwork['method']>> = {
  0: 'iptables',
  1: 'nftables',
  2: 'skip',
}
const IPPROTO_TCP = 6

export const NO_NETWORK: DumpedNetwork = {
  method: 'unknown',
  netns: 'unknown',
  external: undefined,
  sockets: [],
}

export const readNetwork = (
  images: ImageSource,
  inventory: InventoryEntry | undefined,
  { netns, netnsId }: Pick<Tasks, 'netns' | 'netnsId'>,
  sockets: readonly InetSkEntry[],
): DumpedNetwork => ({
  method: methodOf(inventory),
  netns,
  external: netnsId === undefined ? undefined : readKey(images, netnsId),
  // As restore unlocks them. With --tcp-close none was locked.
  sockets: inventory?.tcp_close === true ? [] : sockets.flatMap(withPeer),
})

const methodOf = (inventory: InventoryEntry | undefined): DumpedNetwork['method'] =>
  inventory === undefined ? 'unknown' : (METHODS[inventory.network_lock_method ?? 0] ?? 'unknown')

const withPeer = (entry: InetSkEntry): TcpSocket[] => {
  const { proto, src_port: sport, dst_port: dport, src_addr: from, dst_addr: to } = entry
  const isWhole = from.length === to.length && (from.length === 1 || from.length === 4)
  return proto === IPPROTO_TCP && isPort(sport) && isPort(dport) && dport !== 0 && isWhole
    ? [{ from, sport, to, dport }]
    : []
}

const isPort = (port: number): boolean => port < 2 ** 16

/** Of a network namespace that somebody else made and keeps. */
const readKey = (images: ImageSource, id: number): DumpedNetwork['external'] => {
  let key: DumpedNetwork['external']
  images.peek(`netns-${id}.img`, 'netns', (data) =>
    whenDecodes(
      () => decodeNetns,
      (entry) => (key ??= entry.ext_key),
      data,
    ),
  )
  return key
}
