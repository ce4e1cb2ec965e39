// Tests with mounts run in a mount namespace of their own. The outer test file starts the inner one
// with insideMountNamespace; the inner one may then mount what it likes and the machine's own mount
// table stays as it is, even when the test is killed.
import { readlinkSync } from 'node:fs'
import { must } from './command.js'

const outer = 'CRIU_GC_OUTER_MNTNS'

const mine = (): string => readlinkSync('/proc/self/ns/mnt')

/** command and arguments that run a script of Node's in a new, private mount namespace; for t.spawn */
export function insideMountNamespace(
  script: string,
  ...more: string[]
): [command: string, args: string[]] {
  process.env[outer] = mine()
  return ['unshare', ['--mount', '--propagation', 'private', ...more, process.execPath, script]]
}

/**
 * The same in a pid namespace too: processes of tests beside this one are not seen (file systems of
 * theirs may have the device numbers of ours that died), and none of its own outlives it.
 */
export const insideOwnNamespaces = (script: string): [command: string, args: string[]] =>
  insideMountNamespace(script, '--pid', '--fork', '--kill-child', '--mount-proc')

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
