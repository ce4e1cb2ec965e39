// The packet filter of a network namespace, as text that changes with nothing but its rules.
import { must } from './command.js'

const PROGRAMS = [
  'nft list ruleset', 'iptables-legacy-save', 'ip6tables-legacy-save', 'iptables-nft-save',
  'ip6tables-nft-save',
] // prettier-ignore

/** All rules of both interfaces, without counters and times; `netns` is what starts a program there. */
export const rulesOf = (...netns: readonly string[]): string =>
  PROGRAMS.map((line) => [...netns, ...line.split(' ')])
    .map(([program = '', ...words]) => must(program, words))
    .join('')
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]|counter packets \d+ bytes \d+/g, '')
