// A script's own mount table: it may do to it what it likes, and nobody else sees it.
import { attempt, must } from '../rig/command.js'
import { mountinfo } from '../rig/mountinfo.js'

/** Refuses where a mount would be seen by the machine: the first process is in namespaces of its own. */
const mustBeIsolated = (): void => {
  if (process.pid !== 1) throw new Error('not in a namespace of its own: see runScript')
}

/** A file system in memory, gone with the script. */
export const mountTmpfs = (at: string, size = '512m'): void => {
  mustBeIsolated()
  must('mount', ['-t', 'tmpfs', '-o', `size=${size},nr_inodes=2m`, 'tmpfs', at])
}

const placeOf = (row: string): string =>
  (row.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  )

/**
 * Whatever is mounted, but what is at and below `except`, can only be read from now on: what a
 * test proves wrong must not cost the machine on which it runs.
 */
export const protectMachine = (except: string): void => {
  mustBeIsolated()
  const places = mountinfo().map(placeOf)
  for (const place of new Set(places)) {
    if (place === except || place.startsWith(`${except}/`)) continue
    // Some cannot be changed, such as what a container engine locked.
    const { code } = attempt('mount', ['-o', 'remount,bind,ro', place])
    if (place === '/' && code !== 0) throw new Error('the root file system stays writable')
  }
}
