// What is to be done about each thing that was found, and what people read of it. Pure.
//
// | what             | whose                                                       | with --repair of its kind |
// |------------------|-------------------------------------------------------------|---------------------------|
// | signals          | the process has CRIU's memory, or the dump had come to it   | undone                    |
// |                  | nothing says that a dump was at it                          | kept, foreign             |
// | freezer          | the log says that this dump froze this cgroup, and that it  | undone                    |
// |                  | was not frozen before                                       |                           |
// |                  | else                                                        | kept, foreign: it takes   |
// |                  |                                                             | freezer:PATH              |
// | sockets          | in repair mode, and no lock is left                         | undone                    |
// | yards, kerndat   | their name and shape, and no CRIU runs                      | undone                    |
// | stopped, broken, | –                                                           | named alone               |
// | parasite         |                                                             |                           |
import { fromText, type Bytes } from '../bytes.js'
import { commandLine, escape, toText } from '../escape.js'
import type { RepairedSocket } from '../network/facts.js'
import { repairedText } from '../network/sockets.js'
import type { Claim, Facts, FrozenCgroup, MutedThreads } from './facts.js'
import type { Masks } from './masks.js'
import { NAMED_CGROUP, type Repair, type Repairs } from './repairs.js'
import { changesFile } from './freezer.js'

export const KINDS = [
  'freezer',
  'signals',
  'stopped',
  'broken',
  'parasite',
  'sockets',
  'kerndat',
  'yards',
  'ghosts',
] as const

export type Kind = (typeof KINDS)[number]

export type Act =
  | { readonly kind: 'thaw'; readonly cgroup: FrozenCgroup }
  | { readonly kind: 'unblock'; readonly threads: readonly MutedThreads[]; readonly masks: Masks }
  | { readonly kind: 'socket'; readonly socket: RepairedSocket }
  | { readonly kind: 'unlink' | 'rmdir'; readonly place: string }

export interface Finding {
  readonly kind: Kind
  readonly what: string
  readonly where: string
  /** Undefined where it is left alone. */
  readonly act: Act | undefined
  readonly reason?: 'named' | 'unasked' | 'foreign' | 'locked'
  readonly message?: string
  /** What --repair takes for it. */
  readonly repair?: string
  /** For a shell of root's, where this program does not do it. */
  readonly undo?: string
}

export const planResidue = (facts: Facts, claim: Claim, repairs: Repairs): Finding[] => [
  ...facts.frozen.map((cgroup) => ofCgroup(cgroup, claim, repairs)),
  ...ofMuted(facts, claim, repairs),
  ...some(facts.stopped, (pids) => ({
    ...{ kind: 'stopped', act: undefined, reason: 'named' },
    what: 'stopped by a signal, by a dump with --leave-stopped or by somebody else',
    where: tree(pids),
    undo: commandLine(['kill', '-CONT', ...pids.map(String)]),
  })),
  ...facts.broken.map(({ pid, signal }): Finding => ({
    ...{ kind: 'broken', act: undefined, reason: 'named', where: `process ${pid}` },
    what: `ended by ${signal}, as a program does in which a killed dump left its code running: nothing brings it back`,
  })),
  ...some(facts.parasites, (pids) => ({
    ...{ kind: 'parasite', act: undefined, reason: 'named' },
    what: "memory of CRIU's parasite (memfd CRIUMFD) is left: harmless, until the program ends",
    where: tree(pids),
  })),
  ...facts.sockets.map((socket) => ofSocket(socket, facts, repairs)),
  ...(facts.kerndat === undefined ? [] : [litter('kerndat', facts.kerndat, repairs)]),
  ...facts.yards.map((place) => litter('yards', place, repairs)),
]

const some = <T>(all: readonly T[], describe: (all: readonly T[]) => Finding): Finding[] =>
  all.length === 0 ? [] : [describe(all)]

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`

const FEW = 5
const few = (ids: readonly number[]): string =>
  ids.length > FEW ? `${ids.slice(0, FEW).join(', ')} and ${ids.length - FEW} more` : ids.join(', ')

const tree = (pids: readonly number[]): string => {
  const each = [...new Set(pids)]
  return `process${each.length === 1 ? '' : 'es'} ${few(each)}`
}

/** Done where it was asked for, and left with the word that asks for it otherwise. */
const ifAsked = (
  kind: Kind & Repair,
  act: Act,
  { kinds }: Repairs,
): Pick<Finding, 'act' | 'reason' | 'repair'> =>
  kinds.has(kind) ? { act, repair: kind } : { act: undefined, reason: 'unasked', repair: kind }

const ofCgroup = (cgroup: FrozenCgroup, { froze }: Claim, repairs: Repairs): Finding => {
  const act = { kind: 'thaw', cgroup } as const
  const found = { kind: 'freezer', where: escape(changesFile(cgroup)) } as const
  const own = { ...found, what: 'the cgroup is frozen, by this dump with --freeze-cgroup' }
  const names = [cgroup.folder, ...cgroup.also]
  if (froze !== undefined && names.includes(froze))
    return { ...own, ...ifAsked('freezer', act, repairs) }
  const what =
    'the cgroup is frozen, by a dump with --freeze-cgroup or by somebody who paused the container'
  if (names.some((name) => repairs.cgroups.has(name))) return { ...found, what, act }
  return {
    ...{ ...found, what, act: undefined, reason: 'foreign' },
    message:
      'no log of a killed dump says that this dump froze it: if nobody paused it on purpose, name it',
    ...named(cgroup.folder),
  }
}

/** Nothing where the name cannot be shown as it is, to be pasted. */
const named = (folder: Bytes): Pick<Finding, 'repair'> => {
  const text = toText(folder)
  const isSafe = text?.replaceAll('\\', '\\\\') === escape(folder)
  return text !== undefined && isSafe ? { repair: `${NAMED_CGROUP}${text}` } : {}
}

const ofMuted = (
  { muted, parasites, masks }: Facts,
  { hasCome }: Claim,
  repairs: Repairs,
): Finding[] => {
  const touched = new Set(parasites)
  const isCrius = ({ pid }: MutedThreads): boolean => touched.has(pid) || hasCome(pid)
  const describe = (threads: readonly MutedThreads[], whose: string) => {
    const tids = threads.flatMap((one) => one.tids)
    return {
      kind: 'signals',
      what: `all signals are blocked, ${whose}, in ${count(tids.length, 'thread')}`,
      where: `thread${tids.length === 1 ? '' : 's'} ${few(tids)}`,
    } as const
  }
  return [
    ...some(muted.filter(isCrius), (threads) => ({
      ...describe(threads, 'by CRIU'),
      message: before(threads, masks),
      ...ifAsked('signals', { kind: 'unblock', threads, masks }, repairs),
    })),
    ...some(
      muted.filter((one) => !isCrius(one)),
      (threads) => ({
        ...describe(threads, 'as CRIU does it'),
        ...{ act: undefined, reason: 'foreign' },
        message:
          'nothing says that a dump was at it: give the images and the log of the one that was killed',
      }),
    ),
  ]
}

/** What stays blocked then. */
const before = (threads: readonly MutedThreads[], masks: Masks): string => {
  const tids = threads.flatMap((one) => one.tids)
  const unknown = tids.filter((tid) => !masks.has(tid)).length
  if (unknown === tids.length)
    return 'which of them were blocked before is not known: none is blocked then'
  const known = 'those that were blocked before, as core images say, stay blocked then'
  return unknown === 0 ? known : `${known}; of ${count(unknown, 'thread')} it is not known: none`
}

const ofSocket = (
  socket: RepairedSocket,
  { isLocked }: Pick<Facts, 'isLocked'>,
  repairs: Repairs,
): Finding => {
  const found = { kind: 'sockets', ...repairedText(socket) } as const
  const asked = ifAsked('sockets', { kind: 'socket', socket }, repairs)
  if (asked.act === undefined || !isLocked) return { ...found, ...asked }
  return {
    ...{ ...found, act: undefined, reason: 'locked' },
    message:
      'it must not speak while a lock is left: look at the network, too (--only network,residue)',
  }
}

const litter = (kind: 'kerndat' | 'yards', place: string, repairs: Repairs): Finding => ({
  kind,
  what:
    kind === 'kerndat'
      ? 'empty, and no CRIU runs: as long as it is there, each start of CRIU takes longer'
      : 'an empty directory of a restore that was killed: nothing is mounted on it',
  where: escape(fromText(place)),
  ...ifAsked(kind, { kind: kind === 'kerndat' ? 'unlink' : 'rmdir', place }, repairs),
})
