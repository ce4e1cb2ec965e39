// What `scan` takes: directories to look below, and the time of a dump that was given up. Nothing of it is for show or
// clean, and little of theirs is for it.
import { usage } from '../errors.js'
import { isBefore, type Time } from '../time.js'
import type { Located } from './located.js'
import { sinceOf } from './since.js'

export interface ScanArguments {
  /** Absolute host paths. */
  readonly directories: readonly string[]
  readonly images: readonly string[]
  readonly remove: boolean
  readonly until: Time | undefined
}

/** What means something to `scan --network`: it is about no directory, no link and no time. */
const FOR_NETWORK = [
  'network', 'netns', 'join-ns', 'remove', 'json', 'plain', 'verbosity', 'log-file', 'work-dir',
  'log', 'log-format', 'config', 'no-default-config', 'allow-environment',
] // prettier-ignore

/** Whether the scan is one of network namespaces. @throws GcError usage. */
export const isNetworkScan = (words: readonly string[], options: readonly Located[]): boolean => {
  const typed = options.filter(({ where }) => where === undefined).map(({ option }) => option.long)
  if (!typed.includes('network')) {
    const wrong = typed.find((name) => name === 'netns' || name === 'join-ns' || name === 'only')
    if (wrong !== undefined)
      throw usage(`--${wrong} means nothing to scan without --network`, { next: 'leave it out' })
    return false
  }
  const wrong = typed.find((name) => !FOR_NETWORK.includes(name))
  if (wrong !== undefined || words.length > 0)
    throw usage(
      `${wrong === undefined ? 'a directory' : `--${wrong}`} means nothing to --network`,
      {
        next: 'leave it out: a look below directories is a run of its own',
      },
    )
  if (typed.includes('remove') && !typed.includes('netns') && !typed.includes('join-ns'))
    throw usage('--network --remove without --netns', {
      next: 'say in which network namespaces: a lock does not tell whose it is',
    })
  return true
}

/** For one dump or one container: to a look below directories they say nothing. */
const NOT_FOR_SCAN = [
  'root', 'external', 'ext-mount-map', 'mounts', 'gone', 'dump-log', 'restore-log', 'pid',
  'bundle', 'container', 'runtime', 'runtime-root', 'checkpoint', 'all',
] // prettier-ignore

const ONLY_FOR_SCAN = ['remove', 'until', 'network']

/** @throws GcError usage. */
export const scanArguments = (
  words: readonly string[],
  options: readonly Located[],
  fromHere: (value: string) => string,
): ScanArguments => {
  const last = (name: string): Located | undefined =>
    options.findLast(({ option }) => option.long === name)
  // Files are for dumps and their clean-ups.
  const typed = options.filter(({ where }) => where === undefined)
  const wrong = typed.find(({ option }) => NOT_FOR_SCAN.includes(option.long))
  if (wrong !== undefined)
    throw usage(`--${wrong.option.long} means nothing to scan`, {
      next: 'leave it out; show and clean take it',
    })
  if (words.length === 0)
    throw usage('no directory given to scan', {
      next: 'say which: a root file system, a volume, /dev/shm',
    })
  const remove = last('remove') !== undefined
  const since = last('since')?.value
  const until = last('until')?.value
  if (since === undefined && (remove || until !== undefined))
    throw usage(`--${remove ? 'remove' : 'until'} without --since`, {
      next: 'say since when the dump may have made links: only those are removed',
    })
  const to = until === undefined ? undefined : sinceOf(until, undefined, 'until')
  if (since !== undefined && to !== undefined && isBefore(to, sinceOf(since)))
    throw usage('--until is before --since')
  return {
    directories: words.map((word) => fromHere(notEmpty(word, 'a directory'))),
    images: typed.flatMap(({ option, value }) =>
      option.long === 'images-dir' && value !== undefined
        ? [fromHere(notEmpty(value, '--images-dir'))]
        : [],
    ),
    remove,
    until: to,
  }
}

/** @throws GcError usage. */
export const refuseScanOptions = (options: readonly Located[]): void => {
  const wrong = options.find(({ option }) => ONLY_FOR_SCAN.includes(option.long))
  if (wrong !== undefined)
    throw usage(`--${wrong.option.long} is for scan`, {
      next: 'clean removes what the images list; leave it out',
    })
}

const notEmpty = (value: string, what: string): string => {
  if (value === '') throw usage(`${what} is empty`, { next: 'give a path' })
  return value
}
