// What the README says to type for a container, with the names of a trial in it.
import { blocksBelow } from '../../rig/readme.js'

/** Words behind "criu-gc clean" of the line with that number below the heading. */
export const recipe = (
  heading: string,
  number: number,
  names: Readonly<Record<string, string>>,
): string[] => {
  const line = blocksBelow(`#### ${heading}`)[0]?.split('\n')[number] ?? ''
  const [, words] = /^criu-gc clean (.*)$/.exec(line) ?? []
  if (words === undefined) throw new Error(`no recipe for ${heading}: ${line}`)
  return words.split(' ').map((word) => names[word] ?? word)
}
