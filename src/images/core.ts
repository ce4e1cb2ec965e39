// core-PID.img, the state of one thread: of that only which signals it blocked, by field number.
import { entry, type Fields } from './message.js'

export interface CoreEntry {
  /** A bit for each signal, the lowest for signal 1; undefined where the image does not say. */
  readonly blk_sigset: bigint | undefined
}

/** task_core_entry of the first thread, and thread_core_entry, have it under different numbers. */
const TASK = 3
const THREAD = 5
const SIGSET_OF_TASK = 5
const SIGSET_OF_THREAD = 6

const sigset =
  (number: number) =>
  (fields: Fields): bigint | undefined => {
    let value: bigint | undefined
    while (fields.next())
      if (fields.number === number) value = fields.uint64Exact()
      else fields.skip()
    return value
  }

const ofTask = sigset(SIGSET_OF_TASK)
const ofThread = sigset(SIGSET_OF_THREAD)

const core = (fields: Fields): CoreEntry => {
  let task: bigint | undefined
  let thread: bigint | undefined
  while (fields.next())
    if (fields.number === TASK) task = fields.message(ofTask)
    else if (fields.number === THREAD) thread = fields.message(ofThread)
    else fields.skip()
  return { blk_sigset: thread ?? task }
}

export const decodeCore = entry(core)
