// Which images there are, by name, and when those were written that a dump writes before its inventory.
// Their contents are of no use to a clean-up; that they are there, and since when, tells two dumps from one.
import type { ImageSource, ImageStat } from '../images/source.js'
import { HINT_LIMITS } from '../limits.js'

export interface Survey {
  /** Tasks of pstree.img without their core image: CRIU writes one for each, for a zombie too. */
  readonly coreless: readonly number[]
  /** Of ids images whose task is not in pstree.img. */
  readonly strays: readonly number[]
  /** Of images that are written before the inventory, at most so many. */
  readonly early: ReadonlyMap<string, ImageStat>
}

const EARLY = /^(?:ids|core|fs|fdinfo|userns|mountpoints)-\d{1,10}\.img$/
const IDS = /^ids-(\d{1,10})\.img$/

/** Those of the first tasks: a dump begins with the root task, and so does one that is cut short. */
const FIRST = 8

/** `pids` are those of pstree.img in its order; undefined where it cannot tell them all. */
export const survey = (
  images: Pick<ImageSource, 'stat'>,
  names: readonly string[],
  pids: readonly number[] | undefined,
): Survey => {
  const present = new Set(names)
  const early = new Map<string, ImageStat>()
  const looked = new Set<string>()
  const look = (name: string): void => {
    if (looked.has(name)) return
    looked.add(name)
    const stat = images.stat(name)
    if (stat !== undefined) early.set(name, stat)
  }
  look('pstree.img')
  for (const pid of pids?.slice(0, FIRST) ?? [])
    for (const kind of ['ids', 'core', 'fs'])
      if (present.has(`${kind}-${pid}.img`)) look(`${kind}-${pid}.img`)
  for (const name of names) {
    if (looked.size === HINT_LIMITS.timedImages) break
    if (EARLY.test(name)) look(name)
  }
  return { early, ...compare(names, present, pids) }
}

const compare = (
  names: readonly string[],
  present: ReadonlySet<string>,
  pids: readonly number[] | undefined,
): Pick<Survey, 'coreless' | 'strays'> => {
  if (pids === undefined) return { coreless: [], strays: [] }
  const tasks = new Set(pids)
  return {
    coreless: pids.filter((pid) => !present.has(`core-${pid}.img`)),
    strays: names.flatMap((name) => {
      const pid = name.startsWith('ids-') ? IDS.exec(name)?.[1] : undefined
      return pid === undefined || tasks.has(Number(pid)) ? [] : [Number(pid)]
    }),
  }
}

/** Images that no part of this program reads, but that only CRIU writes. */
const OTHERS =
  /^(?:(?:core|ids|fs|fdinfo|mm|pagemap|pagemap-shmem|userns|utsns|ipcns-var|timens|netns|netdev|pidns)-\d{1,20}|seccomp|cgroup|filelocks|cpuinfo|tty-info)\.img$/

/** Whether a dump has written here at all, if only what says nothing of links. */
export const hasImages = (images: ImageSource, names: readonly string[]): boolean =>
  names
    .filter((name) => OTHERS.test(name))
    .slice(0, FIRST)
    .some((name) => images.isImage(name))
