// What a run says of a dump that was killed, in the words of the table of kill points.
import { count, type Run } from './gc.js'

/** "12 listed, 3 held": how its links were found */
export const foundIn = ({ report }: Run): string => {
  const there = (report?.remaps ?? []).filter(({ verdict }) => verdict !== 'absent')
  const words = (['listed', 'recovered', 'held'] as const).flatMap((how) => {
    const { length } = there.filter(({ found = 'listed' }) => found === how)
    return length > 0 ? [`${length} ${how}`] : []
  })
  return words.join(', ') || 'none'
}

/** why links were kept; "-" where none was */
export const doubtsIn = ({ report }: Run): string => {
  const all = (report?.remaps ?? []).flatMap(({ verdict, reason }) =>
    verdict === 'removed' || verdict === 'absent' ? [] : [reason ?? verdict],
  )
  return [...new Set(all)].join(', ') || '-'
}

/** the same as sentences, for whoever reads of a failure */
export const messagesIn = ({ stderr, report }: Run): string =>
  [
    stderr,
    ...(report?.remaps ?? []).flatMap(({ link, message }) =>
      message === undefined ? [] : [`${link}: ${message}`],
    ),
  ].join('\n')

export const rowOf = (run: Run, links: number, left: number, health: string): string =>
  [
    `images ${run.report?.dump ?? '?'}`,
    `links ${links}`,
    `found ${foundIn(run)}`,
    `removed ${count(run).removed ?? 0}`,
    `left ${left}`,
    `doubt ${doubtsIn(run)}`,
    `exit ${run.code}`,
    health,
  ].join('; ')
