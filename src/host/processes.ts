// Which processes there are. A host may have thousands of them, so that each costs a few plain system calls
// on one buffer, and one that just ended costs no exception.
import fs from 'node:fs'
import type { Bytes } from '../bytes.js'
import { errorCode } from '../errors.js'
import { escape } from '../escape.js'
import { errnoName } from '../sys/errno.js'
import { SyscallError } from '../sys/syscall-error.js'
import { kernelText } from './kernel-text.js'

/** Of a process's folder of threads: a directory has two links, and this one another for each thread. */
export const LINKS_OF_ONE_THREAD = 3

/** Process ids, in no order. */
export const processIds = (): number[] =>
  fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)

/** A process that ended meanwhile, is a zombie or may not be looked at, or a path that no call takes; any other error is ours. */
const NOT_SEEN = new Set(['ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM', 'ENAMETOOLONG'])

/** Undefined for a process that is not seen. @throws the error otherwise. */
export const ifSeen = <T>(look: () => T): T | undefined => {
  try {
    return look()
  } catch (error) {
    if (NOT_SEEN.has(errorCode(error) ?? '')) return undefined
    throw error
  }
}

/** A descriptor or a length. Costs no exception for a process that is not seen. */
export const seen = (syscall: string, result: number, path: Bytes): number | undefined => {
  if (result >= 0) return result
  if (NOT_SEEN.has(errnoName(-result))) return undefined
  throw new SyscallError(syscall, result, path)
}

/** Its arguments as it shows them, where they are text; empty for one that is not seen. */
export const argumentsOf = (pid: number): string[] =>
  (ifSeen(() => kernelText(`/proc/${pid}/cmdline`)) ?? '').split('\0')

/** Another clean-up. */
export const isCleanUp = (pid: number): boolean =>
  argumentsOf(pid)
    .slice(0, 2)
    .some((arg) => /(^|\/)criu-gc(\.cjs)?$/.test(arg))

/** Where CRIU's own name is in a command line, or -1: "criu dump …", "criu: dump --rpc …", also behind a loader. */
export const criuIn = (words: readonly string[]): number =>
  words.findIndex((word) => /(^|\/)criu(:|$)/.test(word))

export const isCriu = (pid: number): boolean => criuIn(argumentsOf(pid)) >= 0

/** "process 12 (runc)", for people. */
export const processText = (pid: number): string => {
  const name = ifSeen(() => fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim()) ?? ''
  return `process ${pid}${name === '' ? '' : ` (${escape(name as Bytes)})`}`
}

/** Those that wait for us, the nearest first. */
export const ancestors = (): number[] => {
  const found: number[] = []
  for (let pid = process.ppid; pid > 1 && !found.includes(pid); pid = parentOf(pid)) found.push(pid)
  return found
}

/** 0 for one that is not seen. */
const parentOf = (pid: number): number => pidIn(pid, /^PPid:\t(\d+)/m)

/** Who traces it; 0 for nobody. */
export const tracerOf = (pid: number): number => pidIn(pid, /^TracerPid:\t(\d+)/m)

/** What its status says (proc_pid_status(5)). */
const pidIn = (pid: number, line: RegExp): number => {
  const status = ifSeen(() => kernelText(`/proc/${pid}/status`)) ?? ''
  return Number(line.exec(status)?.[1] ?? 0)
}

/** Clock ticks of proc_pid_stat(5) in a second: a constant of the kernel's interface. */
export const TICKS = 100

/** What proc_pid_stat(5) says of one behind its name; undefined for one that is not seen. */
export const statFields = (pid: number): string[] | undefined => {
  const stat = ifSeen(() => kernelText(`/proc/${pid}/stat`))
  // The name, in parentheses, may have anything in it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

interface StatusLine {
  readonly state: string
  readonly parent: number
  readonly threads: number
  /** In ticks since this machine was started. */
  readonly start: number
}

/** Of that what most ask for. */
export const statusLine = (pid: number): StatusLine | undefined => {
  const fields = statFields(pid)
  if (fields === undefined) return undefined
  const [state = '', parent] = fields
  const [threads, start] = [Number(fields[THREADS]), Number(fields[START])]
  return { state, parent: Number(parent), threads, start }
}

/** num_threads and starttime, counted from the field behind the name. */
const THREADS = 17
const START = 19

/** In seconds since this machine was started; 0 for one that is not seen. */
export const startOf = (pid: number): number => (statusLine(pid)?.start ?? 0) / TICKS
