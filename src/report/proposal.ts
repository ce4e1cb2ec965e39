// A command line that can be pasted, and what has to be so for it to be the right one.
import { commandLine } from '../escape.js'

export interface Proposal {
  readonly kind: keyof typeof WHEN
  readonly line: string
}

const WHEN = {
  gone: 'if the root file system was removed for good, this is complete',
  lost: 'if what is not there any more was removed for good, this is complete',
  unmoved: 'if all is where it was at the dump, this is complete',
  'by-time': 'links of the dump that these images had before are found by their time',
}

/** A command line with more options: `words` are those without the program, which may end in a command after "--". */
export const lineWith = (words: readonly string[], more: readonly string[]): string => {
  const end = words.indexOf('--')
  const [options, rest] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end)]
  return commandLine(['criu-gc', ...options, ...more, ...rest])
}

export const proposalText = ({ kind, line }: Proposal): string => `${WHEN[kind]}: ${line}`
