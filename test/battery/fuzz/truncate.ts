// Every image of every recorded dump, cut at every byte.
import { readFrom } from '../../../src/checkpoint/checkpoint.js'
import type { Bytes } from '../../../src/bytes.js'
import { GcError } from '../../../src/errors.js'
import type { PlanOptions } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { print } from '../print.js'
import { assemble, readImages, recordedDirectory, recordedNames, takeApart } from './corpus.js'
import { isAssumed, violations } from './invariants.js'
import { inMemory } from './memory.js'
import { WRITTEN } from './options.js'

export interface TruncationReport {
  readonly dumps: number
  readonly cuts: number
  readonly refused: number
  readonly problems: readonly string[]
}

Error.stackTraceLimit = 0

const host: PlanOptions['host'] = { mounts: [], bootedAt: { sec: 0, nsec: 0 } }
const externals = { mapped: new Map([['/data', '/given/data']]), devices: new Map(), auto: false }
const options = {
  root: '/given/root',
  externals,
  mounts: 'remaps',
  gone: new Set(),
  host,
} as unknown as PlanOptions
/** A tree without a mount namespace is refused with a root. */
const withoutRoot: PlanOptions = { ...options, root: undefined }

const problems: string[] = []
let [cuts, refused] = [0, 0]

/** Links by path, and whether the dump calls itself whole; undefined where it was refused. `assumed`: no
 * image says on which mount a link was. */
const read = (what: string, images: ReadonlyMap<string, Buffer>, chosen: PlanOptions) => {
  try {
    const checkpoint = readFrom(inMemory(images, WRITTEN))
    const { root } = checkpoint.tree === 'host' ? withoutRoot : chosen
    const plan = planCollection(checkpoint, { ...chosen, root })
    for (const violation of violations(checkpoint, plan, { ...chosen, root }))
      problems.push(`${what}: ${violation}`)
    const links = plan.remaps.flatMap(({ kind, remap }) => (kind === 'reach' ? [remap.link] : []))
    return {
      complete: checkpoint.complete,
      assumed: isAssumed(plan),
      links: new Set<Bytes>(links),
      listed: new Set<Bytes>(plan.remaps.map(({ remap }) => remap.link)),
    }
  } catch (error) {
    if (!(error instanceof GcError)) problems.push(`${what}: ${String(error)}`)
    return undefined
  }
}

/** Lengths at which a cut cannot be seen: after the magic words and after each entry. */
const boundaries = (name: string, data: Buffer): Set<number> => {
  const image = takeApart(name, data)
  return new Set(
    [...image.entries.keys(), image.entries.length].map(
      (count) =>
        assemble({ ...image, entries: image.entries.slice(0, count), tail: Buffer.alloc(0) })
          .length,
    ),
  )
}

const names = recordedNames()
for (const dump of names) {
  const images = readImages(recordedDirectory(dump))
  const whole = read(dump, images, options)
  for (const [name, data] of images) {
    const seamless = boundaries(name, data)
    for (let length = 0; length < data.length; length++) {
      const what = `${dump}/${name} cut at ${length}`
      cuts += 1
      const cut = read(what, new Map([...images, [name, data.subarray(0, length)]]), options)
      if (cut === undefined) refused += 1
      else {
        if (cut.complete && !seamless.has(length)) problems.push(`${what}: passes for complete`)
        // Without mounts it is not known that the file system of a link died: it is looked for.
        const known = cut.assumed ? whole?.listed : whole?.links
        for (const link of cut.links)
          if (known?.has(link) !== true) problems.push(`${what}: reaches ${link} now`)
      }
    }
  }
  print({ dumps: names.length, cuts, refused, problems: problems.slice(0, 20) })
}
