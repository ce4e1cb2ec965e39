// Images of real runtimes, laid out as they were found: with their times, which git does not keep, and with
// the images that nobody reads in their places (test/recorded has those that are read).
import fs from 'node:fs'
import path from 'node:path'
import { inRepo } from '../../rig/repo.js'
import type { Test } from '../support/check.js'

/** recorded.json of a case. Podman's logs lie above the images, those of the others beside them. */
export interface Recorded {
  readonly tool: string
  readonly dump: string
  /** Where the images were. */
  readonly directory: string
  /** On the host; of an overlay its upper directory, unless it is still mounted. */
  readonly root?: string
  /** Key to directory of the host. */
  readonly external: Readonly<Record<string, string>>
  /** What was on disk when the checkpoint had been given up. */
  readonly links: readonly {
    readonly path: string
    readonly nlink: number
    readonly size: number
    /** Octal. */
    readonly mode: string
    /** Seconds and nanoseconds. */
    readonly ctime: readonly [number, number]
  }[]
  /** Name to time of modification, in seconds. */
  readonly logs: Readonly<Record<string, number>>
  /** Name to time and size of every file that the directory had. */
  readonly images: Readonly<Record<string, readonly [number, number]>>
}

const FOLDER = inRepo('test', 'recorded')

export const recordedCases = (): string[] =>
  fs
    .readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

/** The folder of a case, or what is in it. */
export const recordedFile = (...names: string[]): string => path.join(FOLDER, ...names)

export const recordedCase = (name: string): Recorded =>
  JSON.parse(fs.readFileSync(recordedFile(name, 'recorded.json'), 'utf8')) as Recorded

export interface Layout {
  readonly logs: boolean
  /** In seconds; where it is not given, as recorded. */
  readonly timeOf?: (name: string, index: number) => number
}

/** The directory with the images, in a folder of the test. */
export const layOut = (t: Test, name: string, { logs, timeOf }: Layout): string => {
  const recorded = recordedCase(name)
  const above = t.testdir({ checkpoint: {} })
  const directory = path.join(above, 'checkpoint')
  const put = (to: string, file: string, time: number, size?: number): void => {
    const at = path.join(to, file)
    const kept = recordedFile(name, file)
    if (fs.existsSync(kept)) fs.copyFileSync(kept, at)
    else fs.writeFileSync(at, '')
    if (size !== undefined) fs.truncateSync(at, size)
    fs.utimesSync(at, time, time)
  }
  Object.entries(recorded.images).forEach(([file, [time, size]], index) =>
    put(directory, file, timeOf?.(file, index) ?? time, size),
  )
  if (logs)
    for (const [file, time] of Object.entries(recorded.logs))
      put(name.startsWith('podman') ? above : directory, file, timeOf?.(file, 0) ?? time)
  return directory
}
