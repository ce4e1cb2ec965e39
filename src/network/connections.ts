// Addresses and connections as text: as iptables and nft print them, and as people read them.
import type { Connection } from './facts.js'

/** 127.0.0.1 of 0x0100007f: the words are the bytes of the network, read by a little-endian machine. */
const bytesOf = (words: readonly number[]): number[] =>
  words.flatMap((word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24])

/** As inet_ntop(3) of glibc writes them: one word for IPv4, four for IPv6. */
export const addressText = (words: readonly number[]): string =>
  words.length === 1 ? fourText(words[0] as number) : sixText(bytesOf(words))

/** By itself: a run may have very many of them. */
const fourText = (word: number): string =>
  `${word & 0xff}.${(word >>> 8) & 0xff}.${(word >>> 16) & 0xff}.${word >>> 24}`

/** 1.2.3.4 in ::ffff:1.2.3.4; undefined for any other address. */
export const mappedIn = (words: readonly number[]): readonly number[] | undefined => {
  const [a, b, c, d] = words
  return d !== undefined && a === 0 && b === 0 && c === 0xffff0000 ? [d] : undefined
}

const sixText = (bytes: readonly number[]): string => {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[index * 2] as number) * 256 + (bytes[index * 2 + 1] as number),
  )
  const [from, length] = longestZeros(groups)
  const isDotted = from === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))
  const last = isDotted ? [bytes.slice(12).join('.')] : []
  const shown = isDotted ? groups.slice(0, 6) : groups
  const text = (some: readonly number[]): string[] => some.map((group) => group.toString(16))
  if (length < 2) return text(shown).join(':')
  const [before, after] = [text(shown.slice(0, from)), text(shown.slice(from + length))]
  return `${before.join(':')}::${[...after, ...last].join(':')}`
}

/** The first of the longest runs of zeros. */
const longestZeros = (groups: readonly number[]): [from: number, length: number] => {
  let best: [number, number] = [-1, 0]
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (groups[to] === 0) to += 1
    if (to - from > best[1]) best = [from, to - from]
  }
  return best
}

export const reversed = (connection: Connection): Connection => ({
  family: connection.family,
  source: connection.destination,
  sport: connection.dport,
  destination: connection.source,
  dport: connection.sport,
})

/** For maps. */
export const keyOf = ({ source, sport, destination, dport }: Connection): string =>
  `${source} ${sport} ${destination} ${dport}`

const end = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** "10.0.0.1:80 -> 10.0.0.2:4711" */
export const connectionText = ({ source, sport, destination, dport }: Connection): string =>
  `${end(source, sport)} -> ${end(destination, dport)}`
