// What is to be done about each thing that was found: for people, with the command that undoes it. Pure.
import { fromText, type Bytes } from '../bytes.js'
import { commandLine, escape, toText } from '../escape.js'
import type { Facts, FrozenCgroup } from './facts.js'

export const KINDS = [
  'frozen',
  'blocked-signals',
  'stopped',
  'parasite',
  'kerndat',
  'yard',
] as const

export type Kind = (typeof KINDS)[number]

export interface Finding {
  readonly kind: Kind
  readonly what: string
  readonly where: string
  /** For a shell of root's; undefined where nothing needs to be undone, or where it is none of CRIU's. */
  readonly undo: string | undefined
}

export const planResidue = (facts: Facts): Finding[] => [
  ...facts.frozen.map(frozenFinding),
  ...some(facts.muted, (tids) => ({
    kind: 'blocked-signals',
    what: `all signals are blocked, as CRIU does it, in ${count(tids.length, 'thread')}; the command unblocks all`,
    where: `thread${tids.length === 1 ? '' : 's'} ${few(tids)}`,
    undo: commandLine(['python3', '-c', UNBLOCK, ...tids.map(String)]),
  })),
  ...some(facts.stopped, (pids) => ({
    kind: 'stopped',
    what: 'stopped by a signal, by a dump with --leave-stopped or by somebody else',
    where: tree(pids),
    undo: commandLine(['kill', '-CONT', ...pids.map(String)]),
  })),
  ...some(facts.parasites, (pids) => ({
    kind: 'parasite',
    what: "memory of CRIU's parasite (memfd CRIUMFD) is left: harmless, until the program ends",
    where: tree(pids),
    undo: undefined,
  })),
  ...(facts.kerndat === undefined ? [] : [litter('kerndat', fromText(facts.kerndat))]),
  ...facts.yards.map((place) => litter('yard', fromText(place))),
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

/** A command about a file; undefined where its name cannot be shown as it is, to be pasted. */
const aboutFile = (command: string, file: Bytes): string | undefined => {
  const text = toText(file)
  const isSafe = text?.replaceAll('\\', '\\\\') === escape(file)
  return text !== undefined && isSafe ? `${command} ${commandLine([text])}` : undefined
}

const frozenFinding = ({ version, file }: FrozenCgroup): Finding => ({
  kind: 'frozen',
  what: 'the cgroup is frozen, by a dump with --freeze-cgroup or by somebody who paused the container',
  where: escape(file),
  undo: aboutFile(`echo ${version === 1 ? 'THAWED' : '0'} >`, file),
})

const litter = (kind: 'kerndat' | 'yard', place: Bytes): Finding => ({
  kind,
  what:
    kind === 'kerndat'
      ? 'empty, and no CRIU runs: as long as it is there, each start of CRIU takes longer'
      : 'an empty directory of a restore that was killed: nothing is mounted on it',
  where: escape(place),
  undo: aboutFile(kind === 'kerndat' ? 'rm' : 'rmdir', place),
})

/** Arguments are thread ids; PTRACE_SEIZE, _INTERRUPT and _SETSIGMASK of all, and then _DETACH: what waited may end them. */
const UNBLOCK =
  'import ctypes as c,os,sys;l=c.c_long;p=lambda r,t,a=0,d=None:c.CDLL(None).ptrace(l(r),l(t),l(a),d);a=[int(t) for t in sys.argv[1:]];[(p(0x4206,t),p(0x4207,t),os.waitpid(t,0x40000000),p(0x420b,t,8,c.byref(c.c_uint64(0)))) for t in a];[p(17,t) for t in a]'
