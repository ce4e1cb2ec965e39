// One command line that can be pasted: what the caller gave, and the options that lack, as far as the images and this host
// tell their values. Only a proposal: whoever pastes it gives these directories.
import type { MissingOption } from '../plan/planned.js'
import { lineWith, type Proposal } from './proposal.js'
import type { Report } from './report.js'

/** `words` are those of the command line without the program; undefined where nothing lacks, or no value is known. */
export const completeCommand = (
  { remaps }: Pick<Report, 'remaps'>,
  words: readonly string[],
): Proposal | undefined => {
  const missing = new Map<string, MissingOption>()
  for (const { planned } of remaps)
    if (planned.kind === 'kept' && planned.option !== undefined)
      missing.set(planned.option.join(' '), planned.option)
  if (missing.size === 0) return undefined
  const lacking = [...missing.values()]
  return {
    kind: kindOf(lacking.flatMap(([name, value]) => (name === '--gone' ? [value] : []))),
    line: lineWith(words, lacking.flat()),
  }
}

const kindOf = (gone: readonly string[]): Proposal['kind'] => {
  if (gone.length === 0) return 'unmoved'
  return gone.every((value) => value === '/') ? 'gone' : 'lost'
}
