// The same of `scan` and `list`.
import { commandLine, escape, escapeText } from '../escape.js'
import type { NetworkScan } from '../network-scan.js'
import { pathOf } from '../prepare-found.js'
import { verdictOf, type FoundReport } from './found.js'
import { actionOf, wordsFor, type ListReport } from './list.js'
import { rowTold, told, type Message } from './told.js'

export function* foundTold({ names }: FoundReport): Generator<Message> {
  for (const reported of names) {
    const { found, outcome } = reported
    const link = escape(pathOf(found))
    yield outcome === undefined
      ? { level: 'info', text: `${link}: ${verdictOf(reported)}` }
      : told(link, outcome)
  }
}

export function* networkTold({ rows }: NetworkScan): Generator<Message> {
  for (const row of rows) yield rowTold(row)
}

export function* listTold(report: ListReport): Generator<Message> {
  for (const listed of report.containers)
    for (const one of listed.checkpoints) {
      const action = actionOf(listed, one)
      const words = wordsFor(action === 'clean' ? 'clean' : 'show', listed, one)
      const { there, listed: count } = one.links
      const text = `${escapeText(one.images.path)}: ${there} of ${count} links seen, ${action}`
      yield { level: 'info', text: `${text}: ${commandLine(['criu-gc', ...words])}` }
    }
}
