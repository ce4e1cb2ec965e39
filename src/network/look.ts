// CRIU's locks in the network namespace that we are in. The kernel tells what tables there are; a program is started only
// where it has something to show.
import fs from 'node:fs'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'
import type { ChainLock, Family, Lock, Netns } from './facts.js'
import { chainIn, connectionRulesIn, isOfNft, showsFilter } from './iptables.js'
import { chainNames, tableNames, type ChainName, type TableName } from './netlink.js'
import { isName, tablesIn } from './nftables.js'
import { Programs, type Ran } from './programs.js'
import type { Unread } from './unread.js'

/** What is looked for: what closes all, and rules of single connections. */
export interface Wanted {
  readonly all: boolean
  readonly rules: boolean
}

export const FAMILIES = [
  { family: 'IPv4', nft: 'ip', program: 'iptables', tables: 'ip_tables_names' },
  { family: 'IPv6', nft: 'ip6', program: 'ip6tables', tables: 'ip6_tables_names' },
] as const

export class Look {
  readonly programs = new Programs()
  private readonly sys: Sys
  private readonly unread: Unread
  /** Programs of this namespace that are not there, with their packages. */
  private missing: string[] = []

  constructor(sys: Sys, unread: Unread) {
    this.sys = sys
    this.unread = unread
  }

  at(netns: Netns, wanted: Wanted): Lock[] {
    this.missing = []
    const tables = this.named(netns, tableNames(this.sys))
    const chains = tables.some(isFilter) ? this.named(netns, chainNames(this.sys)) : []
    const found = [
      ...this.tablesOf(netns, tables),
      ...FAMILIES.flatMap((one) => [
        ...this.filterOfNft(netns, wanted, one, tables, chains),
        ...this.oldFilter(netns, wanted, one),
      ]),
    ]
    if (this.missing.length > 0)
      this.unread.add(whatIn(netns), `missing: ${this.missing.join(', ')}`)
    return found
  }

  private named<T>(netns: Netns, names: readonly T[] | number): readonly T[] {
    if (typeof names !== 'number') return names
    this.unread.add(whatIn(netns), errnoName(-names))
    return []
  }

  private tablesOf(netns: Netns, all: readonly TableName[]): Lock[] {
    const names = all
      .filter(({ family, table }) => family === 'inet' && table.startsWith('CRIU-'))
      .map(({ table }) => table)
    if (names.length === 0) return []
    // Any other name goes to no command line.
    const asked = names.filter(isName)
    const listed = this.listed(netns, asked)
    return names.map((name) => {
      const table = listed.get(name)
      const differs = isName(name) ? NOT_LOOKED_AT : 'its name is none that CRIU gives'
      return {
        kind: 'table',
        netns,
        name,
        ...(table ?? { closes: [], differs, unfinished: false }),
      }
    })
  }

  private listed(netns: Netns, names: readonly string[]): ReturnType<typeof tablesIn> {
    const list = (what: string): Ran => this.programs.run(['nft'], ['-j', `list ${what}`])
    // Of several "list table" in one go nft 1.0 finds only the last.
    const all = names.length > 1 ? list('ruleset inet') : undefined
    // One whose name is no UTF-8 keeps nft from printing any other with it.
    const runs = all?.kind === 'ran' ? [all] : names.map((name) => list(`table inet ${name}`))
    const failed = runs.find(({ kind }) => kind !== 'ran')
    if (failed?.kind === 'missing') this.missing.push('nft (package nftables)')
    if (failed?.kind === 'failed') this.unread.add(whatIn(netns), failed.why)
    try {
      return new Map(runs.flatMap((ran) => (ran.kind === 'ran' ? [...tablesIn(ran.text)] : [])))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      this.unread.add(whatIn(netns), 'nft prints what is no JSON')
      return new Map()
    }
  }

  private filterOfNft(
    netns: Netns,
    wanted: Wanted,
    { family, nft, program }: (typeof FAMILIES)[number],
    tables: readonly TableName[],
    chains: readonly ChainName[],
  ): Lock[] {
    const hasChain = wanted.all && chains.some((one) => one.family === nft && isChain(one))
    const hasFilter = tables.some((one) => one.family === nft && isFilter(one))
    if (!hasChain && !(wanted.rules && hasFilter)) return []
    const names = [`${program}-nft-save`, `${program}-save`]
    const found = this.saved(netns, wanted, family, names, isOfNft)
    if (found !== undefined || !hasChain) return found ?? []
    return [
      {
        ...{ kind: 'chain', netns, family, save: undefined, input: 0, output: 0 },
        differs: NOT_LOOKED_AT,
      },
    ]
  }

  /** The kernel makes tables of the older interface when one is asked for: so only where it has some. */
  private oldFilter(
    netns: Netns,
    wanted: Wanted,
    { family, program, tables }: (typeof FAMILIES)[number],
  ): Lock[] {
    const names = this.unread.try(whatIn(netns), () =>
      fs.readFileSync(`/proc/thread-self/net/${tables}`, 'latin1'),
    )
    if (names?.split('\n').includes('filter') !== true) return []
    const programs = [`${program}-legacy-save`, `${program}-save`]
    const isOld = (text: string): boolean => text === '' || !isOfNft(text)
    return this.saved(netns, wanted, family, programs, isOld) ?? []
  }

  private saved(
    netns: Netns,
    wanted: Wanted,
    family: Family,
    names: readonly string[],
    isMeant: (text: string) => boolean,
  ): Lock[] | undefined {
    const ran = this.programs.run(names, ['-t', 'filter'], isMeant)
    if (ran.kind === 'missing') this.missing.push(`${names[0] ?? ''} (package iptables)`)
    if (ran.kind === 'failed') this.unread.add(whatIn(netns), ran.why)
    if (ran.kind !== 'ran') return undefined
    if (!showsFilter(ran.text)) {
      this.unread.add(whatIn(netns), `${ran.program} does not show table filter`)
      return undefined
    }
    const save = ran.program
    const chain = wanted.all ? chainIn(ran.text) : undefined
    const rules = wanted.rules ? connectionRulesIn(ran.text) : []
    const own: ChainLock[] =
      chain === undefined ? [] : [{ kind: 'chain', netns, family, save, ...chain }]
    return [
      ...own,
      ...(rules.length === 0 ? [] : [{ kind: 'rules' as const, netns, family, save, rules }]),
    ]
  }
}

const NOT_LOOKED_AT = 'it could not be looked at'

const whatIn = ({ text }: Netns): string => `locks in ${text}`

const isFilter = ({ family, table }: TableName): boolean =>
  table === 'filter' && (family === 'ip' || family === 'ip6')

const isChain = (one: ChainName): boolean => isFilter(one) && one.chain === 'CRIU'
