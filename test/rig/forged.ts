// Images of a dump that locked connections, written by hand: what they say of the network is what a test wants.
import { CORE, image, writeImages } from '../encode/images.js'
import { encode, ids, inventory, task } from '../encode/messages.js'

/** the kernel's words of an address, as CRIU stores them: of "10.0.0.1", or of the sixteen bytes of IPv6 */
export const words = (bytes: readonly number[]): number[] =>
  Array.from({ length: bytes.length / 4 }, (_, index) =>
    Buffer.from(bytes.slice(4 * index, 4 * index + 4)).readUInt32LE(),
  )

export interface Socket {
  readonly from: readonly number[]
  readonly sport: number
  readonly to: readonly number[]
  readonly dport: number
}

export interface Forged {
  readonly sockets?: readonly Socket[]
  /** network_lock_method: 0 is iptables, 1 nftables, 2 none */
  readonly method?: number
  /** dump_criu_run_id */
  readonly runId?: string | Buffer
  /** of the root task */
  readonly pid?: number
  /** the tree had a network namespace of its own, or an external one of this name */
  readonly netns?: 'own' | { readonly external: string | Buffer }
}

const address = (field: number, bytes: readonly number[]): Buffer[] =>
  words(bytes).map((word) => encode({ [field]: word }))

/** file_entry of a TCP socket that is connected */
const socketEntry = ({ from, sport, to, dport }: Socket, index: number): Buffer => {
  const family = from.length === 4 ? 2 : 10
  const head = { 1: index + 1, 2: 90 + index, 3: family, 4: 1, 5: 6, 6: 1, 7: sport, 8: dport }
  const isk = Buffer.concat([
    encode({ ...head, 9: 2, 10: 0 }),
    ...[...address(11, from), ...address(12, to)],
  ])
  return encode({ 1: 4, 2: index + 1, 4: isk })
}

/** in the order of a dump; without links */
export const writeForged = (
  directory: string,
  { sockets = [], method, runId, pid = 1, netns }: Forged,
): string => {
  const net = netns === undefined ? 2 : 9
  const images = new Map([
    [`ids-${pid}.img`, image('ids', [ids({ net })])],
    [`core-${pid}.img`, CORE],
    ['pstree.img', image('pstree', [task(pid, 0)])],
    ['files.img', image('files', sockets.map(socketEntry))],
    [
      'inventory.img',
      image('inventory', [Buffer.concat([inventory(), encode({ 11: method, 13: runId })])]),
    ],
  ])
  if (typeof netns === 'object')
    images.set('netns-9.img', image('netns', [encode({ 8: netns.external })]))
  writeImages(directory, images)
  return directory
}
