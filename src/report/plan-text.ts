// With -v: what was attached where, and from what.
import { commandLine, escape, escapeText } from '../escape.js'
import type { Report } from './report.js'
import { otherLinkLines, providerText } from './words.js'

/** With --bundle and --container: what they stand for. */
export const derivedText = ({ derived = [] }: Pick<Report, 'derived'>): string =>
  derived
    .map(({ words, from }) => `${escapeText(commandLine(words))} (from ${escapeText(from)})\n`)
    .join('')

export const planText = (report: Report): string => {
  const { checkpoint, mounts } = report
  const images = checkpoint.images
    .filter(({ state }) => state !== 'absent')
    .map(
      ({ name, state, entries }) =>
        `image ${name}: ${state}, ${entries} ${entries === 1 ? 'entry' : 'entries'}\n`,
    )
  const lines = mounts.map(({ attachment: { mount, provider }, state, contents }) => {
    const what = contents === 'stand-in' ? 'stand-in' : providerText(provider)
    return `mount ${mount.nsId}/${mount.mntId} ${escape(mount.mountpoint)}: ${what} (${state})\n`
  })
  const ended = (report.network?.rows ?? [])
    .filter(({ verdict }) => verdict === 'vanished')
    .map(({ what, message = '' }) => `${what}: ${message}\n`)
  return [...images, ...lines, ...ended, ...otherLinkLines(report).map((line) => `${line}\n`)].join(
    '',
  )
}
