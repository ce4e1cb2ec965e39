// What an image directory holds: pure, from facts to a verdict and the signs that it rests on.
//
//   inventory | two dumps | whole | log of this dump | listed | closed | kind
//   pre-dump  | no        | –     | –                | –      | –      | pre-dump
//   any       | yes       | –     | –                | –      | –      | mixed
//   any       | no        | any   | failed           | –      | –      | failed
//   complete  | no        | yes   | else             | –      | –      | whole
//   any       | no        | no    | else             | no     | –      | blind
//   absent    | no        | no    | none             | yes    | yes    | failed
//   any       | no        | no    | else             | yes    | else   | killed
//
// "Two dumps" is any of: a task without core image, ids of no task, an image that is written before the
// inventory and is newer all the same, the inventory of a pre-dump, the log of another dump that failed.
// CRIU writes into a directory that was used before, and removes only some of the images there.

/** `none`: no images were given. */
export type DumpKind = 'whole' | 'pre-dump' | 'failed' | 'killed' | 'mixed' | 'blind' | 'none'

export interface KindFacts {
  /** `broken`: it is empty or cut. */
  readonly inventory: 'complete' | 'pre-dump' | 'broken' | 'absent'
  /** There is an image that a pre-dump does not write. */
  readonly beyondPreDump: boolean
  /** All images are whole that a finished dump has and a clean-up reads. */
  readonly whole: boolean
  /** Why not, a line each. */
  readonly lacking: readonly string[]
  /** At least one entry of files or remaps can be read. */
  readonly listed: boolean
  /** No image is empty or cut, and every link has its remap: the buffers were written out. */
  readonly closed: boolean
  /** Tasks without their core image. */
  readonly coreless: readonly number[]
  /** Of ids images that belong to no task. */
  readonly strays: readonly number[]
  /** Images written before the inventory that are later than it all the same: name and seconds. */
  readonly newer: readonly { readonly name: string; readonly by: number }[]
  readonly log: LogFacts | undefined
}

export interface LogFacts {
  readonly path: string
  readonly ended: 'finished' | 'failed' | 'unknown'
  /** Of the dump that wrote the images, of one after it, or of one that cannot be told. */
  readonly of: 'this' | 'later' | 'another'
  /** It has lines of CRIU's: a log that tells nothing breaks off nowhere. */
  readonly tells: boolean
}

export interface Kind {
  readonly dump: DumpKind
  readonly signs: readonly string[]
}

/** How many of a sort are named; there may be a task for each line. */
const NAMED = 3

export const kindOf = (facts: KindFacts): Kind => {
  if (facts.inventory === 'pre-dump' && !facts.beyondPreDump) return { dump: 'pre-dump', signs: [] }
  const two = signsOfTwo(facts)
  if (two.length > 0) return { dump: 'mixed', signs: two }
  const { log, whole, lacking } = facts
  const own = log?.of === 'this' ? log : undefined
  if (own?.ended === 'failed')
    return { dump: 'failed', signs: [`${own.path} ends with "Dumping FAILED"`, ...lacking] }
  if (whole) return { dump: 'whole', signs: [] }
  if (!facts.listed)
    return { dump: 'blind', signs: ['no image lists a file or a link', ...lacking] }
  if (own?.ended === 'unknown' && own.tells)
    return { dump: 'killed', signs: [`${own.path} breaks off`, ...lacking] }
  if (facts.inventory === 'absent' && facts.closed && own === undefined)
    return {
      dump: 'failed',
      signs: [
        'every image was closed in good order, which a dump that is killed does not do',
        ...lacking,
      ],
    }
  return { dump: 'killed', signs: lacking }
}

const signsOfTwo = (facts: KindFacts): string[] => {
  const { inventory, log } = facts
  const signs = [
    ...some(facts.coreless, (pid) => `task ${pid} has no core-${pid}.img`),
    ...some(facts.strays, (pid) => `ids-${pid}.img is of no task in pstree.img`),
  ]
  if (inventory === 'pre-dump') signs.push('inventory.img is that of a pre-dump')
  if (inventory === 'complete')
    signs.push(
      ...some(
        facts.newer,
        ({ name, by }) =>
          `${name} was written ${by.toFixed(1)} s after inventory.img, and not before it`,
      ),
    )
  if (log?.ended === 'failed' && log.of !== 'this')
    signs.push(
      `${log.path} ends with "Dumping FAILED", and ${log.of === 'later' ? 'began after these images were written' : 'is that of another dump'}`,
    )
  return signs
}

const some = <T>(items: readonly T[], toText: (item: T) => string): string[] => {
  const named = items.slice(0, NAMED).map(toText)
  return items.length > NAMED ? [...named, `and ${items.length - NAMED} more such`] : named
}
