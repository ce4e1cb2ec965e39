// What became of a remap.
import type { Doubt } from '../proof/doubts.js'

export type Verdict = 'removed' | 'would-remove' | 'absent' | 'vanished' | 'kept' | 'failed'

/** Why a link was kept. The first group is in the images or the options, the second on disk. */
export type KeptReason =
  | 'invalid'
  | 'unreachable'
  | 'unseen'
  | 'wrong-mount'
  | 'elsewhere'
  | 'unsafe-path'
  | 'type'
  | 'mountpoint'
  | 'immutable'
  | 'mismatch'
  | 'newer'
  | 'older'
  | 'last-link'
  | 'wanted'
  | 'inode'
  | 'shared'
  | 'undated'
  | 'unlogged'
  | 'name'
  | 'held'
  | 'interrupted'

export interface Outcome {
  readonly verdict: Verdict
  readonly reason?: KeptReason | 'duplicate' | 'parent-gone'
  /** Nothing is there, but that it is gone cannot be known. */
  readonly proven?: false
  /** The doubt that keeps it: what --accept takes. */
  readonly accept?: Doubt
  /** "EROFS"; the system call that failed. */
  readonly errno?: string
  readonly syscall?: string
  /** One sentence for people, escaped already. */
  readonly message?: string
  readonly next?: string
  /** Of the link as it was found. Bytes; st_mode; links before. */
  readonly size?: number
  readonly mode?: number
  readonly nlink?: number
  /** Seconds since 1970 of its last inode change, which making the link was. */
  readonly ctime?: number
  /** The deletion did not hit the inode that was verified. */
  readonly alarm?: true
}

export const kept = (reason: KeptReason, message: string, next?: string): Outcome =>
  next === undefined
    ? { verdict: 'kept', reason, message }
    : { verdict: 'kept', reason, message, next }

/** Kept for a doubt to which the caller may consent: `question` is what decides. */
export const doubted = (
  accept: Doubt,
  reason: KeptReason,
  message: string,
  question: string,
): Outcome => ({ verdict: 'kept', reason, accept, message, next: question })
