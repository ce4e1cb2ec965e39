// What CRIU closes a network namespace with, and single connections.

const DROP = '-A CRIU -j DROP'
const RULES = ['-A CRIU -m mark --mark 0xC114 -j ACCEPT', DROP]

const chainLock = (rules: readonly string[]): string =>
  [
    ...['*filter', ':CRIU - [0:0]', '-I INPUT -j CRIU', '-I OUTPUT -j CRIU'],
    ...[...rules, 'COMMIT', ''],
  ].join('\n')

/** what it feeds to iptables-restore */
export const CHAIN_LOCK = chainLock(RULES)
/** the same before 2.10 */
export const OLD_CHAIN_LOCK = chainLock([DROP])

const chains = (policy: 'accept' | 'drop'): string =>
  ['output', 'input']
    .map(
      (hook) =>
        `chain ${hook} { type filter hook ${hook} priority 0; policy ${policy}; meta mark 0xC114 accept; };`,
    )
    .join('')

/** a table of nft's */
export const tableLock = (name: string): string => `table inet ${name} {${chains('drop')}}\n`
/** of the run 17 */
export const TABLE_LOCK = tableLock('CRIU-17')

export interface Ends {
  readonly source: string
  readonly sport: number
  readonly destination: string
  readonly dport: number
}

const reversed = ({ source, sport, destination, dport }: Ends): Ends => ({
  ...{ source: destination, sport: dport },
  ...{ destination: source, dport: sport },
})

/** the same for single connections, which it adds to its sets */
export const connectionTable = (name: string, all: readonly Ends[]): string => {
  const table = `inet ${name}`
  const conns = ([4, 6] as const).map((version) => {
    const [address, ip] = [`ipv${version}_addr`, version === 4 ? 'ip' : 'ip6']
    const match = `${ip} saddr . tcp sport . ${ip} daddr . tcp dport @conns${version} drop`
    return [
      `add set ${table} conns${version} { type ${address} . inet_service . ${address} . inet_service; }`,
      ...['output', 'input'].map((hook) => `add rule ${table} ${hook} ${match}`),
    ].join('\n')
  })
  const elements = all.flatMap((one) =>
    [one, reversed(one)].map(
      ({ source, sport, destination, dport }) =>
        `add element ${table} conns${source.includes(':') ? 6 : 4} { ${source} . ${sport} . ${destination} . ${dport} }`,
    ),
  )
  return [`table ${table} {${chains('accept')}}`, ...conns, ...elements, ''].join('\n')
}

/** How a release of CRIU's writes the two rules of a connection. */
export interface Release {
  readonly name: string
  /** to the head of a chain, or behind all others */
  readonly how: '-I' | '-A'
  readonly hasMark: boolean
  /** IPv4 in IPv6 goes to this program */
  readonly mapped: 'iptables' | 'ip6tables'
}

export const RELEASES: readonly Release[] = [
  { name: '2.8', how: '-A', hasMark: false, mapped: 'ip6tables' },
  { name: '2.9', how: '-I', hasMark: false, mapped: 'ip6tables' },
  { name: '3.0 to 3.6', how: '-I', hasMark: true, mapped: 'ip6tables' },
  { name: '3.15', how: '-I', hasMark: true, mapped: 'iptables' },
  { name: '3.17', how: '-I', hasMark: true, mapped: 'iptables' },
  { name: '4.2', how: '-I', hasMark: true, mapped: 'iptables' },
]

/** arguments of iptables for both rules of one end of a connection */
export const connectionRules = (
  ends: Ends,
  { how, hasMark }: Pick<Release, 'how' | 'hasMark'>,
): string[][] =>
  (
    [
      ['INPUT', reversed(ends)],
      ['OUTPUT', ends],
    ] as const
  ).map(([chain, { source, sport, destination, dport }]) => [
    ...['-t', 'filter', how, chain, '--protocol', 'tcp'],
    ...(hasMark ? ['-m', 'mark', '!', '--mark', '0xC114'] : []),
    ...['--source', source, '--sport', String(sport)],
    ...['--destination', destination, '--dport', String(dport), '-j', 'DROP'],
  ])
