// The TCP connections of a network namespace, in what /proc/PID/net/tcp and tcp6 show.
import { addressText, mappedIn } from './connections.js'
import type { Connection } from './facts.js'

export interface TcpSocket {
  readonly inode: number
  readonly connections: readonly Connection[]
}

const wordsIn = (hex: string): number[] =>
  (hex.match(/.{8}/g) ?? []).map((word) => Number.parseInt(word, 16))

/** Those that have a peer. `text` as proc(5) has it; on a big-endian machine the words are other ones. */
export const socketsIn = (text: string): TcpSocket[] =>
  text.split('\n').flatMap((line) => {
    const [, source = '', sport = '', destination = '', dport = '', inode = ''] =
      /^ *\d+: ([\dA-F]+):([\dA-F]{4}) ([\dA-F]+):([\dA-F]{4}) (?:\S+ +){5}\S+ +(\d+) /.exec(
        line,
      ) ?? []
    const port = Number.parseInt(dport, 16)
    if (inode === '' || port === 0) return []
    return {
      inode: Number(inode),
      connections: connectionsOf(
        wordsIn(source),
        Number.parseInt(sport, 16),
        wordsIn(destination),
        port,
      ),
    }
  })

/**
 * By which addresses CRIU closes it: an IPv4 address in IPv6 as one of IPv4 from 3.7 on, and as one of IPv6 before. The
 * first is that for people.
 */
export const connectionsOf = (
  from: readonly number[],
  sport: number,
  to: readonly number[],
  dport: number,
): Connection[] => {
  const [source, destination] = [mappedIn(from), mappedIn(to)]
  const one = (family: Connection['family'], a: readonly number[], b: readonly number[]) => ({
    ...{ family, source: addressText(a), sport },
    ...{ destination: addressText(b), dport },
  })
  if (from.length === 1) return [one('IPv4', from, to)]
  if (source === undefined || destination === undefined) return [one('IPv6', from, to)]
  return [one('IPv4', source, destination), one('IPv6', from, to)]
}
