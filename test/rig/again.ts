// The same program, started once more where its first run was dumped: its files have the same ids, so
// that its links get the same names. Its files themselves are new ones, and the first one's untouched.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump, tryDump } from './criu.js'
import * as h from './holder.js'
import { finished, namesBefore, type Built, type Checkpoint, type Held } from './scenario.js'
import { startTree } from './tree.js'

export interface Again {
  pid: number
  /** dumps into a folder of its own unless told; the log of a dump that failed, whose processes then live on */
  failedDump: (name?: string) => string
  /** the second checkpoint, in the folder of the first one; its images there, or in those of another dump */
  dump: (name?: string) => Checkpoint
  stop: () => Promise<void>
}

const suffix = '.again'

const renamed = (held: Held): Held =>
  held.survivor === undefined ? held : { ...held, survivor: held.survivor + suffix }

export async function startAgain(first: Checkpoint): Promise<Again> {
  const built: Built = {
    ...first.built,
    instructions: [h.suffix(suffix), ...first.built.instructions],
    held: first.built.held.map(renamed),
  }
  const tree = await startTree(join(first.base, 'holder'), built.instructions)
  const to = (name: string) => ({
    pid: tree.pid,
    images: join(first.base, name),
    external: built.dumpExternal ?? [],
  })
  return {
    pid: tree.pid,
    failedDump: (name = 'images-failed') => {
      const options = to(name)
      if (tryDump(options).code === 0) throw new Error('the dump did not fail')
      return readFileSync(join(options.images, 'dump.log'), 'latin1')
    },
    dump: (name = 'images-again') => {
      const options = to(name)
      const before = namesBefore(built.held)
      dump(options)
      return { ...first, built, ...options, ...finished(built, options.images, before) }
    },
    stop: tree.stop,
  }
}
