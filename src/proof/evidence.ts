// Is a link that no image lists one of this dump's? It has the name of one, and its file is held by the living tree.
// Others may hold that file as well, and have a checkpoint of their own that is wanted.
//
// | its file | a wanted checkpoint lists it | names of the form that the file has | it was changed | it is |
// |---|---|---|---|---|
// | another by now | any | any | any | not it: "inode" |
// | the one | yes | any | any | wanted, known |
// | | no | more than one, as many as a dump that was killed has made links for it, by its log | while that log was written | this dump's, all |
// | | no | one or more, as many as a dump that was killed has made links for it, by its log | after that, while a checkpoint was written that is to be kept and lists one more name of it; its directory then, too, or while this dump was | this dump's, all |
// | | no | more than one, otherwise | any | shared, doubt: "which of them is this dump's?" |
// | | no | one | nothing tells when the dump was | undated, doubt |
// | | no | one | before somebody wrote these images | older, doubt |
// | | no | one | while somebody did, but a log of that time names each file that its dump came to, and not this one | unlogged, doubt |
// | | no | one | while somebody did, otherwise | this dump's |
// | | no | one | after that, but a dump that was killed had made a link for it, by its log, and the directory was not changed since | this dump's: the container writes to it |
// | | no | one | after that, otherwise | newer, doubt |
//
// A name that a wanted checkpoint lists does not count as one more. CRIU makes a link for each open file, so that one that
// is open through two mounts, or twice, gets two. Nobody has made or removed another while the log was written and
// later, else the file would have been changed: where all of that dump's are there, and no more, they are these. Somebody wrote images from one time of a file of
// theirs to the next, and for as long as a log of theirs goes on. Links are made one right after the other: those of one
// row belong together. Nothing is added before: all these times are of one clock, and CRIU opens its first file, or its
// log, before it makes a link.
import {
  earliestOf,
  isAfter,
  isBefore,
  latestMeaning,
  plus,
  secondsBetween,
  type Time,
} from '../time.js'
import type { Doubt } from './doubts.js'
import type { Span } from './window.js'

export type Change = 'before' | 'within' | 'after' | 'undated'

export interface EvidenceFacts {
  readonly isSameInode: boolean
  readonly isWanted: boolean
  readonly isAlone: boolean
  /** A dump that was killed has made so many links for it, by its log, as it has names; it was changed in the time of that log. */
  readonly isCounted: boolean
  /**
   * The same, but both were changed last while a checkpoint was written that is to be kept, and that has a link of its
   * own to it: that explains the change.
   */
  readonly isExplained: boolean
  /** A dump that was killed had made a link for it, by its log, and the directory was not changed since. */
  readonly isLogged: boolean
  /** The log of a dump that ran then names each file that it came to, and not this one. */
  readonly isUnlogged: boolean
  readonly changed: Change
}

export type EvidenceVerdict =
  | { readonly is: 'own' }
  | { readonly is: 'known'; readonly why: 'inode' | 'wanted' }
  | { readonly is: 'doubt'; readonly doubt: Doubt }

export const judgeEvidence = (
  {
    isSameInode,
    isWanted,
    isAlone,
    isCounted,
    isExplained,
    isLogged,
    isUnlogged,
    changed,
  }: EvidenceFacts,
  accepts: (doubt: Doubt) => boolean,
): EvidenceVerdict => {
  if (!isSameInode) return { is: 'known', why: 'inode' }
  if (isWanted) return { is: 'known', why: 'wanted' }
  if (!isAlone && isCounted && changed === 'within') return { is: 'own' }
  if (isExplained && changed === 'after') return { is: 'own' }
  if (!isAlone && !accepts('shared')) return { is: 'doubt', doubt: 'shared' }
  const doubt =
    changed === 'within' && isUnlogged
      ? 'unlogged'
      : changed === 'after' && isLogged
        ? undefined
        : DOUBT_OF[changed]
  return doubt === undefined || accepts(doubt) ? { is: 'own' } : { is: 'doubt', doubt }
}

const DOUBT_OF: Readonly<Record<Change, Doubt | undefined>> = {
  before: 'older',
  within: undefined,
  after: 'newer',
  undated: 'undated',
}

/** In seconds: files of one dump follow each other sooner than another one begins, unless a log says when that was. */
const PAUSE = 1
/** From a write to a link, or from one link to the next: one timer tick. The fastest dump needs twice as long to its first. */
const STEP = 0.005

/** When somebody wrote: `times` are births and changes of files, `logs` go from their first line to the last. */
export const writingSpans = (times: readonly Time[], logs: readonly Span[]): Span[] => {
  const spans = [
    ...times.map((time) => ({ from: time, to: latestMeaning(time), pause: PAUSE })),
    ...logs.map((log) => ({ ...log, pause: 0 })),
  ].sort((a, b) => secondsBetween(b.from, a.from) || a.pause - b.pause)
  const merged: Span[] = []
  for (const { from, to, pause } of spans) {
    const last = merged.at(-1)
    if (last === undefined || isAfter(from, plus(last.to, pause))) merged.push({ from, to })
    else if (isAfter(to, last.to)) merged[merged.length - 1] = { from: last.from, to }
  }
  return merged
}

/**
 * When the dump was whose log is a copy, as engines make one of a dump that failed: its last time is that of the copy, so
 * that what the log tells is how long the dump took, and not when it began. `made`: changes of files for which it had made
 * a link. Making one is a change, so that it had begun before the earliest.
 */
export const spanOfCopy = ({ from, to }: Span, made: readonly Time[]): Span => ({
  from: earliestOf([from, ...made]) ?? from,
  to,
})

/** The same, each to the end of the row of links that goes on in it. */
export const withRows = (spans: readonly Span[], changes: readonly Time[]): Span[] => {
  const sorted = [...changes].sort((a, b) => secondsBetween(b, a))
  return spans.map(({ from, to }) => {
    let end = to
    for (const time of sorted) if (isAfter(time, end) && !isAfter(time, plus(end, STEP))) end = time
    return { from, to: end }
  })
}

export const whenChanged = (time: Time, spans: readonly Span[]): Change => {
  if (spans.length === 0) return 'undated'
  const latest = latestMeaning(time)
  if (spans.some(({ from, to }) => !isBefore(time, from) && !isAfter(latest, to))) return 'within'
  return spans.every(({ from }) => isBefore(time, from)) ? 'before' : 'after'
}
