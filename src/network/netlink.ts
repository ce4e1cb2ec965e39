// The tables and chains of nftables in the network namespace that we are in, by the kernel's own interface: so that no
// program has to be started where nothing is there.
import { EOVERFLOW } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'

export interface TableName {
  readonly family: 'inet' | 'ip' | 'ip6' | 'other'
  readonly table: string
}

export interface ChainName extends TableName {
  readonly chain: string
}

// linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h
const NETLINK_NETFILTER = 12
const NLM_F_REQUEST = 0x01
const NLM_F_DUMP = 0x300
const NLMSG_ERROR = 2
const NFNL_SUBSYS_NFTABLES = 10
const GET = { tables: 1, chains: 4 } as const
const NFTA_NAMES = { tables: [1], chains: [1, 3] } as const
/** struct nlmsghdr, and struct nfgenmsg behind it. */
const HEADER = 16
const GENERIC = 4
const FAMILIES: Readonly<Record<number, TableName['family']>> = { 1: 'inet', 2: 'ip', 10: 'ip6' }

/** A kernel without nftables answers so. */
const NO_NFTABLES = new Set([-22, -93, -95, -2])

const aligned = (length: number): number => (length + 3) & ~3

/** -errno where it cannot be asked. */
export const tableNames = (sys: Sys): readonly TableName[] | number => {
  const found = dump(sys, 'tables')
  if (typeof found === 'number') return found
  return found.map(({ family, names: [table = ''] }) => ({ family, table }))
}

/** -errno where it cannot be asked. */
export const chainNames = (sys: Sys): readonly ChainName[] | number => {
  const found = dump(sys, 'chains')
  if (typeof found === 'number') return found
  return found.map(({ family, names: [table = '', chain = ''] }) => ({ family, table, chain }))
}

interface Message {
  readonly family: TableName['family']
  readonly names: readonly string[]
}

const dump = (sys: Sys, what: keyof typeof GET): Message[] | number => {
  const request = Buffer.alloc(HEADER + GENERIC)
  request.writeUInt32LE(request.length, 0)
  request.writeUInt16LE((NFNL_SUBSYS_NFTABLES << 8) | GET[what], 4)
  request.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6)
  for (let room = 32 * 1024; ; room *= 4) {
    const answer = Buffer.alloc(room)
    const length = sys.tryNetlink(NETLINK_NETFILTER, request, answer)
    if (length === EOVERFLOW) continue
    if (length < 0) return NO_NFTABLES.has(length) ? [] : length
    return messagesIn(answer.subarray(0, length), NFTA_NAMES[what])
  }
}

/** -errno where the kernel answered with that. */
const messagesIn = (data: Buffer, attributes: readonly number[]): Message[] | number => {
  const found: Message[] = []
  for (let at = 0; at + HEADER + GENERIC <= data.length;) {
    const length = data.readUInt32LE(at)
    const type = data.readUInt16LE(at + 4)
    if (length < HEADER + GENERIC) break
    if (type === NLMSG_ERROR) {
      const error = data.readInt32LE(at + HEADER)
      return NO_NFTABLES.has(error) || error === 0 ? found : error
    }
    if (type >> 8 === NFNL_SUBSYS_NFTABLES) {
      const names = namesIn(data.subarray(at + HEADER + GENERIC, at + length))
      found.push({
        family: FAMILIES[data[at + HEADER] as number] ?? 'other',
        names: attributes.map((attribute) => names.get(attribute) ?? ''),
      })
    }
    at += aligned(length)
  }
  return found
}

/** struct nlattr: length and type, and here a text that ends with a NUL. */
const namesIn = (data: Buffer): Map<number, string> => {
  const found = new Map<number, string>()
  for (let at = 0; at + 4 <= data.length;) {
    const length = data.readUInt16LE(at)
    if (length < 4) break
    const value = data.toString('latin1', at + 4, at + length)
    found.set(data.readUInt16LE(at + 2) & 0x3fff, value.replace(/\0$/, ''))
    at += aligned(length)
  }
  return found
}
