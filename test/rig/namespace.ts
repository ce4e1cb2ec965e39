// Tests with mounts run in a mount namespace of their own. The outer test file starts the inner one
// with insideMountNamespace; the inner one may then mount what it likes and the machine's own mount
// table stays as it is, even when the test is killed.
import { mkdirSync, readlinkSync, readSync } from 'node:fs'
import { PLACE } from '../../src/host/notes.js'
import { must } from './command.js'
import { mountinfo } from './mountinfo.js'

const outer = 'CRIU_GC_OUTER_MNTNS'

/** set where there is a table around this one */
const shared = 'CRIU_GC_SHARED'

const mine = (): string => readlinkSync('/proc/self/ns/mnt')

/** what a mount does in the namespace that its own was copied from */
type Propagation = 'private' | 'unchanged'

/** a program that starts the one after it, with nothing in the machine's /run/criu-gc, and nothing left in it */
export const WITH_OWN_NOTES = [
  'sh',
  '-c',
  `mkdir -pm 700 ${PLACE} && mount -t tmpfs -o mode=700 tmpfs ${PLACE} && exec "$@"`,
  'sh',
]

/**
 * The arguments of unshare(1). Not a pid namespace: from inside of one the kernel does not show all mount
 * namespaces, and nothing can be said of a tmpfs that died.
 */
function words(script: string, propagation: Propagation): string[] {
  process.env[outer] = mine()
  return ['--mount', '--propagation', propagation, ...WITH_OWN_NOTES, process.execPath, script]
}

/** command and arguments that run a script of Node's in a new, private mount namespace; for t.spawn */
export const insideMountNamespace = (script: string): [command: string, args: string[]] => [
  'unshare',
  words(script, 'private'),
]

/** for unshare(1): processes of tests beside this one are not seen, and none of its own outlives it */
export const OWN_PROCESSES = ['--pid', '--fork', '--kill-child', '--mount-proc']

/** descriptor of the table around a script; the low ones are taken by whoever starts tests */
const AROUND = 9

/**
 * The same, with a namespace around it that gets every mount which is not kept private, as that of a
 * machine with systemd would. It stands for the machine's own, in which others mount meanwhile.
 */
export const insideSharedNamespaces = (
  script: string,
  more: readonly string[] = [],
): [command: string, args: string[]] => {
  // who is inside is not in it, but keeps what was opened there
  const open = `mount --make-rshared / && exec ${AROUND}</proc/self/mountinfo && exec "$@"`
  process.env[shared] = 'yes'
  const around = ['--mount', '--propagation', 'private', 'sh', '-c', open, 'sh']
  return ['unshare', [...around, 'unshare', ...more, ...words(script, 'unchanged')]]
}

/** the mount table of the namespace around this one; only where insideSharedNamespaces made it */
export function mountsAround(): string[] {
  const chunks: string[] = []
  const buffer = Buffer.alloc(1 << 16)
  for (let at = 0, length; (length = readSync(AROUND, buffer, { position: at })) > 0; at += length)
    chunks.push(buffer.toString('latin1', 0, length))
  return chunks.join('').trimEnd().split('\n')
}

/** every mount table that a clean-up here could change: our own, and the one around it where there is one */
export const mountTables = (): string[][] => [
  mountinfo(),
  ...(process.env[shared] === undefined ? [] : [mountsAround()]),
]

/** true where a mount cannot be seen by the machine */
export const isInside = (): boolean => {
  const theirs = process.env[outer]
  return theirs !== undefined && theirs !== mine()
}

/** mount(8), refused outside: a rig that changes the machine's mount table is worse than none */
export function mount(...args: string[]): void {
  if (!isInside()) throw new Error(`mount ${args.join(' ')}: not in a private mount namespace`)
  must('mount', args)
}

export function unmount(path: string): void {
  if (!isInside()) throw new Error(`umount ${path}: not in a private mount namespace`)
  must('umount', ['-l', path])
}

/** CRIU keeps what it knows of the kernel in /run: of ours, so that one that is killed leaves nothing to others */
export function ownRun(): void {
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
  mkdirSync(PLACE, { mode: 0o700 })
}
