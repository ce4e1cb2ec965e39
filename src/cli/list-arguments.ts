// What `list` and --all take: which runtimes, and which checkpoints count as given up. What is for one dump or one
// container is not for all of them.
import { usage } from '../errors.js'
import { escapeText } from '../escape.js'
import type { Time } from '../time.js'
import { checkRuntime } from './container.js'
import type { Located } from './located.js'
import { sinceOf } from './since.js'

export interface ListArguments {
  readonly runtime: string | undefined
  readonly runtimeRoot: string | undefined
  readonly olderThan: Time | undefined
  readonly keepLast: number
}

const FOR_ONE = [
  'images-dir', 'work-dir', 'root', 'external', 'ext-mount-map', 'gone', 'dump-log', 'restore-log', 'pid',
  'bundle', 'container', 'checkpoint', 'since', 'keep',
] // prettier-ignore

const FOR_ALL = ['older-than', 'keep-last']

/** `isAll`: of show and clean with --all. @throws GcError usage. */
export const listArguments = (
  isAll: boolean,
  options: readonly Located[],
  fromHere: (value: string) => string,
): ListArguments => {
  const last = (name: string): string | undefined =>
    options.findLast(({ option }) => option.long === name)?.value
  // Files are for dumps and their clean-ups.
  const wrong = options.find(
    ({ option, where }) => where === undefined && FOR_ONE.includes(option.long),
  )
  if (wrong !== undefined)
    throw usage(`--${wrong.option.long} means nothing to ${isAll ? '--all' : 'list'}`, {
      next: 'leave it out; show and clean of one container take it',
    })
  const [runtime, runtimeRoot, older, keepLast] = [
    last('runtime'),
    last('runtime-root'),
    last('older-than'),
    last('keep-last'),
  ]
  checkRuntime(runtime, runtimeRoot)
  if (isAll && older === undefined)
    throw usage('--all without --older-than', {
      next: 'say which checkpoints are given up, such as --older-than 7d; "criu-gc list" shows all',
    })
  if (keepLast !== undefined && older === undefined)
    throw usage('--keep-last without --older-than', {
      next: 'say which checkpoints are given up, such as --older-than 7d',
    })
  return {
    runtime,
    runtimeRoot: runtimeRoot === undefined ? undefined : fromHere(runtimeRoot),
    olderThan: older === undefined ? undefined : sinceOf(older, undefined, 'older-than'),
    keepLast: keepLastOf(keepLast),
  }
}

/** @throws GcError usage. */
export const refuseListOptions = (options: readonly Located[]): void => {
  const wrong = options.find(({ option }) => FOR_ALL.includes(option.long))
  if (wrong !== undefined)
    throw usage(`--${wrong.option.long} is for list, and for --all`, {
      next: 'leave it out, or add --all',
    })
}

const keepLastOf = (value: string | undefined): number => {
  if (value === undefined) return 0
  if (/^\d{1,6}$/.test(value)) return Number(value)
  throw usage(`--keep-last ${escapeText(value)}: how many checkpoints of each container stay`)
}
