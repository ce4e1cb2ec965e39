// Links of a dump that ended early: their remaps were still in CRIU's memory, but their own entries may have been
// written. Such an entry has a form that no file has which somebody opened, and its original's follows it.
import type { RegFileEntry } from '../images/entries.js'
import { isWithin, pathProblem, splitLast } from '../paths.js'
import type { Checkpoint, LinkRemap } from './model.js'
import { describe } from './originals.js'
import type { Remaps } from './remaps.js'

type Listed = Pick<Checkpoint, 'remaps' | 'unlisted'>

/** With those that can be recovered; what cannot stays unlisted. */
export const withRecovered = ({ remaps, unlisted }: Listed, { entries }: Remaps): Listed => {
  const { links, behind, ambiguous } = entries
  const listed = new Set(remaps.map(({ remapId }) => remapId))
  const paths = new Set(remaps.map(({ link }) => link))
  const recovered: LinkRemap[] = []
  for (const link of links) {
    const original = behind.get(link)
    if (listed.has(link.id) || ambiguous.has(link.id) || original === undefined) continue
    if (!isOriginal(original, link) || pathProblem(link.name) !== undefined) continue
    listed.add(link.id)
    recovered.push({
      remapId: link.id,
      origId: original.id,
      link: link.name,
      original: describe(original),
      invalid: undefined,
      duplicate: paths.has(link.name),
      found: 'recovered',
    })
    paths.add(link.name)
  }
  const ids = new Set(recovered.map(({ remapId }) => remapId))
  return {
    remaps: [...remaps, ...recovered],
    unlisted: unlisted.filter(({ id }) => !ids.has(id)),
  }
}

/** A link lies in the directory of its original, or in one above where that is gone. */
const isOriginal = (original: RegFileEntry, link: RegFileEntry): boolean =>
  original.mode !== undefined &&
  pathProblem(original.name) === undefined &&
  isWithin(original.name, splitLast(link.name).dir)
