// The process that is dumped, and the words of its command line (test/criu/holder.c says what each
// one does).
import { compile } from './compile.js'

export type Instruction = string[]

/** static, so that it runs in an empty root file system */
export const holder = (): string => compile('holder.c', '-static', '-s')

/** the same with what few programs do (test/criu/odd-holder.c) */
export const oddHolder = (): string => compile('odd-holder.c', '-static', '-s', '-pthread')

const octal = (mode: number): string => mode.toString(8)

export const hold = (old: string, kept: string, size: number, mode = 0o644): Instruction => [
  ...['hold', old, kept, String(size), octal(mode)],
]
export const map = (old: string, kept: string, size: number, mode = 0o644): Instruction => [
  ...['map', old, kept, String(size), octal(mode)],
]
export const fifo = (old: string, kept: string, mode = 0o644): Instruction => [
  ...['fifo', old, kept, octal(mode)],
]
export const many = (dir: string, count: number, size: number): Instruction => [
  ...['many', dir, String(count), String(size)],
]
export const open = (path: string): Instruction => ['open', path]
export const bind = (from: string, to: string): Instruction => ['bind', from, to]
export const tmpfs = (at: string, options = 'size=1m'): Instruction => ['tmpfs', at, options]
export const mkdir = (dir: string): Instruction => ['mkdir', dir]
export const rmdir = (dir: string): Instruction => ['rmdir', dir]
/** for every name that a file keeps */
export const suffix = (text: string): Instruction => ['suffix', text]

/** a child in a mount namespace of its own, which goes on as the given program in there */
export const nested = (mounts: Instruction[], inside: Instruction[]): Instruction => [
  ...['fork', 'mntns', ...mounts.flat(), 'exec', '/holder', 'stdio', ...inside.flat(), 'end'],
]

/**
 * A container: its root, the mounts made before the pivot, and what it does inside. It has a pid
 * namespace, as containers have: a restore finds its pids free, and whoever is left in it is reaped.
 */
export const container = (
  root: string,
  mounts: Instruction[],
  inside: Instruction[],
  userns?: number,
): Instruction[] => [
  ...(userns === undefined ? [] : [['userns', String(userns)]]),
  ['pidns', 'mntns', 'root', root],
  ...mounts,
  ['proc', '/proc', 'pivot', 'exec', '/holder', 'stdio'],
  ...inside,
]
