// Links of the same form that these images do not list, in directories that are looked into anyway: a
// first generation, or another dump's. Nobody touches them; a note says that they are there.
import type { Bytes } from '../bytes.js'
import { isLinkName, LINK_PREFIX } from '../link-name.js'
import { O_DIRECTORY, O_RDONLY } from '../sys/constants.js'
import { namesIn } from '../sys/directory.js'
import { inodeKey, type Stat } from '../sys/stat.js'
import type { Sys } from '../sys/sys.js'

/** Bytes of a directory that are read: a note is not worth more. */
const MOST = 1024 * 1024
const CHUNK = 64 * 1024

/** Links that these images do not list, beside those that they do. */
export interface OtherLinks {
  /** As the dumped tree saw it, in its namespace or its mount. */
  readonly directory: Bytes
  readonly names: readonly Bytes[]
}

/** Of a run: a directory may be looked into by more than one mount. */
export class Others {
  private readonly sys: Sys
  private readonly seen = new Map<
    string,
    { directory: Bytes; names: Set<Bytes>; listed: (readonly Bytes[])[] }
  >()

  constructor(sys: Sys) {
    this.sys = sys
  }

  /**
   * `fd` and `stat` are of the directory; `listed` are the names that the images have in it. Answers with all
   * names of the form that are in it now; undefined where it was not read to its end.
   */
  look(
    fd: number,
    stat: Stat,
    directory: Bytes,
    listed: readonly Bytes[],
  ): ReadonlySet<Bytes> | undefined {
    const key = inodeKey(stat)
    const found = this.seen.get(key) ?? { directory, names: new Set(), listed: [] }
    this.seen.set(key, found)
    found.listed.push(listed)
    const { names, isWhole } = linkNames(this.sys, fd)
    for (const name of names) found.names.add(name)
    return isWhole ? new Set(names) : undefined
  }

  /** Those directories that have any. */
  found(): OtherLinks[] {
    return [...this.seen.values()]
      .filter(({ names }) => names.size > 0)
      .map(({ directory, names, listed }) => {
        const known = new Set(listed.flat())
        return { directory, names: [...names].filter((name) => !known.has(name)) }
      })
      .filter(({ names }) => names.length > 0)
  }
}

/** One for all directories: a run may look into very many. */
let memory: Buffer<ArrayBuffer> | undefined

/** Names in the directory that have the form of a link remap; as far as it was read. */
const linkNames = (sys: Sys, directory: number): { names: Bytes[]; isWhole: boolean } => {
  const fd = sys.tryOpenat(directory, '.' as Bytes, O_RDONLY | O_DIRECTORY)
  const names: Bytes[] = []
  let isWhole = false
  if (fd < 0) return { names, isWhole }
  const buffer = (memory ??= Buffer.allocUnsafe(CHUNK))
  try {
    for (let read = 0; read < MOST;) {
      const length = sys.tryGetdents64(fd, buffer)
      isWhole = length === 0
      if (length <= 0) break
      read += length
      const part = buffer.subarray(0, length)
      // One search beats a look at each name: nearly all directories have none.
      if (part.includes(LINK_PREFIX)) names.push(...namesIn(part, isLinkName))
    }
  } finally {
    sys.close(fd)
  }
  return { names, isWhole }
}
