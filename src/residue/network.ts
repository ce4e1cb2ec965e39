// CRIU's locks in the network namespaces of a tree. For the moment in which a program looks into one, the calling
// thread is in it.
import fs from 'node:fs'
import { concat, type Bytes } from '../bytes.js'
import { AT_FDCWD, CLONE_NEWNET, O_RDONLY } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { ChainLock, Lock, Netns } from './facts.js'
import { chainIn, isOfNft } from './iptables.js'
import { differenceIn, isName, listedIn, type Listed } from './nftables.js'
import { Programs, type Ran } from './programs.js'
import type { Unread } from './unread.js'

/** Of one container; CRIU dumps but one. */
const MOST = 16

const OWN = '/proc/thread-self/ns/net' as Bytes

export const findLocks = (sys: Sys, pids: readonly number[], unread: Unread): Lock[] => {
  const own = sys.openat(AT_FDCWD, OWN, O_RDONLY)
  const ours = sys.readlinkat(AT_FDCWD, OWN)
  const look = new Look(unread)
  const seen = new Set<Bytes>()
  try {
    for (const pid of pids) {
      const path = concat(`/proc/${pid}/ns/net`)
      const name = sys.readlinkat(AT_FDCWD, path)
      if (name === undefined || seen.has(name)) continue
      seen.add(name)
      const netns = { pid, isOurs: name === ours }
      if (seen.size > MOST) {
        unread.add('network locks', `its tree has more than ${MOST} network namespaces`)
        break
      }
      if (netns.isOurs) look.at(netns)
      else visit(sys, own, path, unread, netns, () => look.at(netns))
    }
    return look.found
  } finally {
    sys.close(own)
  }
}

/** @throws SyscallError where there is no way back: nothing may be done after that. */
const visit = (
  sys: Sys,
  own: number,
  path: Bytes,
  unread: Unread,
  netns: Netns,
  act: () => void,
): void => {
  const what = whatIn(netns)
  const fd = unread.number(what, sys.tryOpenat(AT_FDCWD, path, O_RDONLY))
  if (fd === undefined) return
  const entered = unread.number(what, sys.trySetns(fd, CLONE_NEWNET))
  sys.close(fd)
  if (entered === undefined) return
  try {
    act()
  } finally {
    sys.setns(own, CLONE_NEWNET)
  }
}

const whatIn = ({ pid }: Netns): string => `network locks of process ${pid}`

const FAMILIES = [
  { family: 'IPv4', nft: 'ip', program: 'iptables', tables: 'ip_tables_names' },
  { family: 'IPv6', nft: 'ip6', program: 'ip6tables', tables: 'ip6_tables_names' },
] as const

class Look {
  readonly found: Lock[] = []
  private readonly programs = new Programs()
  /** Programs, with their packages. */
  private readonly missing: string[] = []
  private readonly unread: Unread

  constructor(unread: Unread) {
    this.unread = unread
  }

  at(netns: Netns): void {
    this.missing.length = 0
    this.lookAt(netns)
    if (this.missing.length > 0)
      this.unread.add(whatIn(netns), `missing: ${this.missing.join(', ')}`)
  }

  private lookAt(netns: Netns): void {
    const listed = this.tables(netns)
    for (const one of FAMILIES) {
      const { family, nft, program, tables } = one
      // Where nft has seen none of it, there is none.
      if (listed?.chains.has(nft) !== false) {
        const ran = this.programs.run([`${program}-nft-save`, `${program}-save`], [], isOfNft)
        this.chain(netns, family, `${program}-nft-save`, ran, listed?.chains.has(nft) === true)
      }
      if (this.hasOldFilter(netns, tables)) {
        const names = [`${program}-legacy-save`, `${program}-save`]
        const ran = this.programs.run(names, [], (text) => text === '' || !isOfNft(text))
        this.chain(netns, family, `${program}-legacy-save`, ran, false)
      }
    }
  }

  /** What nft lists; undefined where it cannot be asked. */
  private tables(netns: Netns): Listed | undefined {
    const ran = this.programs.run(['nft'], ['-j', 'list tables; list chains'])
    if (ran.kind !== 'ran') {
      if (ran.kind === 'missing') this.missing.push('nft (package nftables)')
      else this.unread.add(whatIn(netns), ran.why)
      return undefined
    }
    const listed = this.parsed(netns, () => listedIn(ran.text))
    for (const name of listed?.tables ?? [])
      this.found.push({ kind: 'table', netns, name, differs: this.difference(netns, name) })
    return listed
  }

  private difference(netns: Netns, name: string): string | undefined {
    // Such a name goes to no command line.
    if (!isName(name)) return 'its name is none that CRIU gives'
    const ran = this.programs.run(['nft'], ['-j', `list table inet ${name}`])
    if (ran.kind !== 'ran') return 'it could not be looked at'
    const found = this.parsed(netns, () => ({ differs: differenceIn(ran.text) }))
    return found === undefined ? 'it could not be looked at' : found.differs
  }

  private parsed<T>(netns: Netns, parse: () => T): T | undefined {
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      this.unread.add(whatIn(netns), 'nft prints what is no JSON')
      return undefined
    }
  }

  /** `isThere`: nft has seen it. */
  private chain(
    netns: Netns,
    family: ChainLock['family'],
    program: string,
    ran: Ran,
    isThere: boolean,
  ): void {
    if (ran.kind === 'ran') {
      const chain = chainIn(ran.text)
      const restore = ran.program.replace(/save$/, 'restore')
      if (chain !== undefined) this.found.push({ kind: 'chain', netns, family, restore, ...chain })
      return
    }
    if (ran.kind === 'missing') this.missing.push(`${program} (package iptables)`)
    else this.unread.add(whatIn(netns), ran.why)
    if (isThere)
      this.found.push({
        ...{ kind: 'chain', netns, family, restore: undefined, input: 0, output: 0 },
        differs: 'it could not be looked at',
      })
  }

  /** Tables of the older interface, of the network namespace that we are in. The kernel makes them when one is asked for. */
  private hasOldFilter(netns: Netns, file: string): boolean {
    const names = this.unread.try(whatIn(netns), () =>
      fs.readFileSync(`/proc/thread-self/net/${file}`, 'latin1'),
    )
    return names?.split('\n').includes('filter') ?? false
  }
}
