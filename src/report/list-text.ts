// The report of `list` as text: a table for a terminal, one line a checkpoint for pipes.
import { commandLine, escapeText } from '../escape.js'
import type { ListedCheckpoint, ListedContainer } from '../prepare-list.js'
import { toIso } from '../time.js'
import { actionOf, listTotals, wordsFor, type ListReport } from './list.js'
import { ageText } from './words.js'

interface Row {
  readonly listed: ListedContainer
  readonly one: ListedCheckpoint | undefined
}

const rowsOf = ({ containers }: Pick<ListReport, 'containers'>): Row[] =>
  containers.flatMap((listed): Row[] =>
    listed.checkpoints.length === 0
      ? [{ listed, one: undefined }]
      : listed.checkpoints.map((one) => ({ listed, one })),
  )

const callOf = ({ container: { id, name, home } }: ListedContainer): string =>
  escapeText(name ?? (id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id) ?? home)

/** "2", "2 of 3": there, and listed; "? of 3" where nobody looked. */
const linksText = ({ links: { listed, there, unknown } }: ListedCheckpoint): string =>
  unknown > 0 ? `? of ${listed}` : there === listed ? String(there) : `${there} of ${listed}`

const willText = (listed: ListedContainer, one: ListedCheckpoint): string => {
  const { links, problem, dump } = one
  if (problem !== undefined) return escapeText(problem)
  switch (actionOf(listed, one)) {
    case 'clean':
      return `clean removes ${links.there}`
    case 'nothing':
      return dump === 'whole' || dump === 'pre-dump'
        ? 'nothing is left'
        : `${dump ?? ''}: nothing listed is left`
    default:
      return listed.container.process === undefined
        ? `${links.unknown} out of reach: show says why`
        : 'it runs: show looks in there'
  }
}

/** Runtime, container, state, checkpoint, when it was written, links there and listed, kind of dump, action, command line. */
export function* listLines(report: ListReport): Generator<string> {
  for (const { listed, one } of rowsOf(report)) {
    const { runtime, id, name, home } = listed.container
    const facts =
      one === undefined
        ? ['-', '-', '-', '-', '-', 'nothing', '-']
        : [
            escapeText(one.images.path),
            one.written === undefined ? '-' : toIso(one.written),
            one.links.unknown > 0 ? '-' : String(one.links.there),
            String(one.links.listed),
            one.dump ?? '-',
            actionOf(listed, one),
            commandLine([
              'criu-gc',
              ...wordsFor(actionOf(listed, one) === 'clean' ? 'clean' : 'show', listed, one),
            ]),
          ]
    yield `${[runtime, escapeText(name ?? id ?? home), listed.state, ...facts].join('\t')}\n`
  }
}

const HEAD = ['RUNTIME', 'CONTAINER', 'STATE', 'CHECKPOINT', 'AGE', 'LINKS', 'WHAT']

/** Without newlines. `now` in seconds since 1970. */
export const listTable = (report: ListReport, now: number): string[] => {
  const rows = rowsOf(report).map(({ listed, one }) => [
    listed.container.runtime,
    callOf(listed),
    listed.state,
    ...(one === undefined
      ? ['-', '-', '-', 'no checkpoint']
      : [
          escapeText(one.images.name),
          one.written === undefined ? '-' : ageText(one.written.sec, now),
          linksText(one),
          `${willText(listed, one)}${one.isSelected ? '; given up' : ''}`,
        ]),
  ])
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)))
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export const listWarnings = ({ unlooked }: Pick<ListReport, 'unlooked'>): string[] =>
  unlooked.map(({ where, message }) => `${escapeText(where)}: ${escapeText(message)}`)

export const listSummary = (report: ListReport): string => {
  const { containers, checkpoints, links, there, selected } = listTotals(report)
  const count = (number: number, what: string): string =>
    `${number} ${what}${number === 1 ? '' : 's'}`
  const text = `${count(containers, 'container')}, ${count(checkpoints, 'checkpoint')}, ${count(links, 'link')} listed, ${there} seen`
  if (report.command !== 'list')
    return `${text}; ${count(report.runs.size, 'checkpoint')} of ${selected} given up done`
  return selected === 0 ? text : `${text}; ${selected} given up`
}
