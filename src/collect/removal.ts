// The last step of every link that may go, whoever told of it: kept as the last name of its file, foretold, or
// removed.
import type { Bytes } from '../bytes.js'
import type { Acts } from '../host/acts.js'
import { EPERM, STATX_ATTR_APPEND } from '../sys/constants.js'
import { inodeKey, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'
import { kept, type Outcome } from './outcome.js'
import { failed, unlinkVerified } from './unlink.js'

export interface RemovalOptions {
  readonly remove: boolean
  readonly keepLastLink: boolean
}

const LAST_LINK = kept(
  'last-link',
  'it is the last name of its file',
  'leave out --keep-last-link to remove it',
)

/** A directory that is held. */
export interface HeldDirectory {
  readonly fd: number
  readonly stat: Stat
}

export class Removal {
  private readonly sys: Sys
  private readonly acts: Acts
  private readonly options: RemovalOptions
  /** By inode: links that would be removed. Only where it matters which is the last one. */
  private readonly predicted = new Map<string, number>()

  constructor(sys: Sys, acts: Acts, options: RemovalOptions) {
    this.sys = sys
    this.acts = acts
    this.options = options
  }

  /** `file` holds the inode that `stat` describes. Undefined: somebody else was faster. */
  of(directory: HeldDirectory, name: Bytes, file: number, stat: Stat): Outcome | undefined {
    const { sys, acts, options } = this
    if (options.keepLastLink && this.isLast(stat)) return LAST_LINK
    if (!options.remove) return this.predict(directory, stat)
    const outcome = unlinkVerified(sys, directory.fd, name, file, stat, acts)
    if (outcome.verdict === 'absent') return undefined
    if (outcome.verdict === 'removed') acts.gone(directory.stat, name)
    return outcome
  }

  /** Where nothing is removed those count as gone that would be by then. */
  private isLast(stat: Stat): boolean {
    return stat.nlink - (this.predicted.get(inodeKey(stat)) ?? 0) === 1
  }

  /** Finds out what it can without trying: whether a name can be taken out of the directory. */
  private predict({ fd, stat: directory }: HeldDirectory, stat: Stat): Outcome {
    // To append-only directories names can be added, and access(2) says no more.
    const isAppendOnly = (directory.attributes & STATX_ATTR_APPEND) !== 0
    const result = isAppendOnly ? EPERM : this.sys.tryWritable(fd)
    if (result < 0) return failed('unlinkat', result)
    if (this.options.keepLastLink) {
      const inode = inodeKey(stat)
      this.predicted.set(inode, (this.predicted.get(inode) ?? 0) + 1)
    }
    return { verdict: 'would-remove' }
  }
}
