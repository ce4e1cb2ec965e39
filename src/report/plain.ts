// One line a remap, for pipes: verdict, reason, namespace, link, original, bytes, message, separated
// by tabs; "-" for what does not apply. Escaped names have neither tabs nor newlines.
import { escape } from './escape.js'
import type { Report, ReportedRemap } from './model.js'
import { originalText } from './words.js'

/** `nowhere` stands in the column of the namespace for a remap without a mount. */
const line = (nowhere: string, { planned: { remap, mount }, outcome }: ReportedRemap): string =>
  [
    outcome.verdict,
    outcome.errno ?? outcome.reason ?? '-',
    mount?.nsId ?? nowhere,
    remap.link === '' ? '-' : escape(remap.link),
    remap.original.path === '' ? '-' : originalText(remap.original),
    outcome.size ?? '-',
    explanation(outcome),
  ].join('\t')

const explanation = ({ message, next }: ReportedRemap['outcome']): string => {
  if (message === undefined) return next ?? '-'
  return next === undefined ? message : `${message}; ${next}`
}

export const plainText = ({ checkpoint, remaps }: Report): string => {
  const nowhere = checkpoint.tree === 'host' ? 'host' : '-'
  return remaps.map((remap) => `${line(nowhere, remap)}\n`).join('')
}
