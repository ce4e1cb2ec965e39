// The report of `links` as text: a path a line, or one after the other with NULs between, and what is said besides.
import { toBuffer } from '../bytes.js'
import { escape } from '../escape.js'
import type { LinksReport } from './links.js'
import { explanation, verdictWord } from './words.js'

const NUL = Buffer.alloc(1)

/** As its bytes are, for tar --null and the like. */
export const nullTerminated = ({ links }: LinksReport): Buffer =>
  Buffer.concat(links.flatMap(({ path }) => [toBuffer(path), NUL]))

export function* linkLines({ links }: LinksReport): Generator<string> {
  for (const { path } of links) yield `${escape(path)}\n`
}

/** Of those that are not listed, and why a list may lack others. */
export const linksWarnings = ({ report, missing }: LinksReport): string[] => [
  ...missing.map(({ planned: { remap }, outcome }) =>
    [
      `${escape(remap.link)}: ${verdictWord(outcome)}`,
      ...[outcome.reason, explanation(outcome)].filter((part) => part !== undefined),
    ].join('; '),
  ),
  ...(report.checkpoint.complete
    ? []
    : [`the images are not whole (${report.checkpoint.dump}): they may lack links`]),
]

export const linksSummary = ({ links, missing }: LinksReport): string =>
  `${links.length} link${links.length === 1 ? '' : 's'} of these images ${links.length === 1 ? 'is' : 'are'} there` +
  (missing.length === 0 ? '' : `, ${missing.length} not, or in doubt`)
