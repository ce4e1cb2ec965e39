// Phrases that both forms of text use.
import type { DumpKind, Original } from '../checkpoint/model.js'
import type { Outcome, Verdict } from '../collect/outcome.js'
import type { Provider } from '../plan/planned.js'
import { escape, escapeText } from '../escape.js'
import { inDirectory } from '../paths.js'
import type { SignalName } from '../sys/signals.js'
import { askedRows, residueMessages } from './residue.js'
import { isRestorable, toldRows, totalsOf, VERDICTS, type Report } from './report.js'

export const WORDS: Readonly<Record<Verdict, string>> = {
  removed: 'removed',
  'would-remove': 'would remove',
  absent: 'absent',
  vanished: 'vanished',
  kept: 'kept',
  failed: 'FAILED',
}

export const verdictWord = ({ verdict, alarm }: Outcome): string =>
  alarm ? 'ALARM' : WORDS[verdict]

/**
 * What is known, and what to do; undefined where the verdict says all. A doubt names its consent in it.
 */
export const explanation = ({ message, next, proven }: Outcome): string | undefined => {
  if (message === undefined && next === undefined && proven === undefined) return undefined
  const parts = [message, proven === false ? 'not proven' : undefined, next]
  return parts.filter((part) => part !== undefined).join('; ') || undefined
}

/** "1.4 MiB" */
export const sizeText = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** "3 min"; the time of `now` and `then` in seconds. */
export const ageText = (then: number, now: number): string => {
  const seconds = Math.max(0, now - then)
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}

export const originalText = ({ path }: Original): string => escape(path)

export const providerText = (provider: Provider | undefined): string => {
  switch (provider?.kind) {
    case 'root':
      return `--root ${escape(provider.path)}${below(provider.sub)}`
    case 'external':
      return `mnt[${escape(provider.key)}] ${escape(provider.path)}${below(provider.sub)}`
    case 'host':
      return `still mounted on ${escape(provider.path)}${below(provider.sub)}`
    case 'living':
      return 'mounted in the living container'
    case 'none':
      return provider.reason
    case 'gone':
      return 'removed for good'
    default:
      return 'nothing is left of it'
  }
}

const below = (sub: Parameters<typeof escape>[0]): string => (sub === '/' ? '' : escape(sub))

/** "3 removed, 1 vanished." and what the reader may want to do now. */
export const summary = (report: Report): string => {
  const more = [networkSummary(report), residueSummary(report)].filter((part) => part !== undefined)
  if (report.only?.has('links') !== false) return [linkSummary(report), ...more].join('; ')
  if (more.length > 0) return more.join('; ')
  return report.only.has('network')
    ? 'network: nothing is closed'
    : 'residue: nothing was to be undone'
}

/** "residue: 2 removed"; undefined where nothing was asked for. */
const residueSummary = (report: Report): string | undefined => {
  const counts = countsOf(askedRows(report))
  return counts === '' ? undefined : `residue: ${counts}`
}

/** "network: 4 would be removed"; undefined where nothing was found. */
const networkSummary = (report: Report): string | undefined => {
  const counts = countsOf(toldRows(report))
  return counts === '' ? undefined : `network: ${counts}`
}

/** "4 would remove, 1 kept" */
export const countsOf = (rows: readonly { readonly verdict: Verdict }[]): string =>
  VERDICTS.flatMap((verdict) => {
    const count = rows.filter((row) => row.verdict === verdict).length
    return count === 0 ? [] : `${count} ${WORDS[verdict].toLowerCase()}`
  }).join(', ')

const linkSummary = (report: Report): string => {
  const totals = totalsOf(report)
  const { checkpoint } = report
  const parts = VERDICTS.filter((verdict) => totals[verdict] > 0).map(
    (verdict) => `${totals[verdict]} ${WORDS[verdict].toLowerCase()}`,
  )
  const unproven = report.remaps.filter(({ outcome }) => outcome.proven === false).length
  if (unproven > 0) parts.push(`${unproven} of them not proven to be gone`)
  const lost = checkpoint.unlisted.length
  if (lost > 0) parts.push(`${lost} without their entries, left alone`)
  if (parts.length === 0)
    return checkpoint.preDump
      ? 'nothing to do'
      : `no link remaps${checkpoint.complete ? '' : ' are listed'}`
  const line = `${totals.remaps} link remap${totals.remaps === 1 ? '' : 's'}: ${parts.join(', ')}`
  const left = totals['would-remove']
  return left === 0 ? line : `${line}; "criu-gc clean" with the same options removes the ${left}`
}

/** More lines than this say nothing more. */
const FEW = 5

const unlisted = (links: Report['checkpoint']['unlisted']): string[] => {
  const lines = links
    .slice(0, FEW)
    .map(({ id, link }) =>
      link === undefined
        ? `the entries of link remap ${id} are lost: it was left alone`
        : `${escape(link)} looks like a link remap, but its entries are lost: it was left alone`,
    )
  if (links.length > FEW) lines.push(`and ${links.length - FEW} more (--json lists all)`)
  return lines
}

const KINDS: Readonly<Record<DumpKind, string>> = {
  whole: 'the images are incomplete',
  'pre-dump': 'the images are those of a pre-dump',
  failed: 'this dump failed, and CRIU removed its links itself',
  killed: 'this dump was killed',
  mixed: 'these are images of two dumps',
  blind: 'these images say nothing of links',
  none: 'no images were given',
}

/** What kind of a dump these images are of; one that failed has made none of the links that are there. */
const kindText = ({ checkpoint: { dump }, remaps }: Report): string => {
  const isThere = remaps.some(
    ({ planned, outcome }) => planned.remap.held !== undefined && outcome.verdict !== 'absent',
  )
  return dump === 'failed' && isThere
    ? 'the last dump into this directory failed, and CRIU removed the links of that one itself: those found here are of a dump before it'
    : KINDS[dump]
}

const otherLinks = ({ others }: Report): string[] => {
  const count = others.reduce((sum, { names }) => sum + names.length, 0)
  if (count === 0) return []
  const [first] = others
  const where =
    others.length === 1 && first ? escape(first.directory) : `${others.length} directories`
  return [
    `${count} other link${count === 1 ? '' : 's'} of this form in ${where}, not of these images: another dump made them (-v names them)`,
  ]
}

/** With -v: each of them. */
export const otherLinkLines = ({ others }: Report): string[] =>
  others.flatMap(({ directory, names }) =>
    names.map((name) => `other link: ${escape(inDirectory(directory, name))}`),
  )

const interruption = ({ remaps }: Report, signal: SignalName): string => {
  const left = remaps.filter(({ outcome }) => outcome.reason === 'interrupted').length
  return left === 0
    ? `${signal} came when all link remaps had been looked at`
    : `${signal} ended the run: ${left} link remaps were not looked at; run the same command again`
}

const whatMayBeLeft = ({ living }: Report): string =>
  living === undefined
    ? 'links that they do not list may be left: if the container lives, --pid PID with the same options finds them'
    : 'links of files that the container did not hold any more when it was looked at may be left'

export const unreadOf = (unread: readonly string[], so = 'links may be left'): string[] => {
  const lines = unread.slice(0, FEW).map((what) => `${what} could not be read: ${so}`)
  if (unread.length > FEW) lines.push(`and ${unread.length - FEW} more (--json lists all)`)
  return lines
}

/** What the exit code rests on besides the remaps, and what else there is to know. */
export const warnings = (report: Report): string[] => {
  const { checkpoint, mounts } = report
  const out: string[] = []
  if (report.interrupted !== undefined) out.push(interruption(report, report.interrupted))
  if (!checkpoint.complete && report.only?.has('links') !== false)
    out.push(escapeText([kindText(report), ...checkpoint.signs].join('; ')), whatMayBeLeft(report))
  if (totalsOf(report)['would-remove'] > 0 && isRestorable(report))
    out.push('this is a whole checkpoint that can still be restored; after clean it cannot')
  if (report.living !== undefined) out.push(...unreadOf(report.living.unread))
  out.push(...unlisted(checkpoint.unlisted))
  for (const { attachment, problem } of mounts)
    if (problem !== undefined)
      out.push(
        `mount ${attachment.mount.mntId} on ${escape(attachment.mount.mountpoint)}: ${problem}`,
      )
  const { unknown } = checkpoint.counts
  if (unknown > 0) out.push(`${unknown} remaps of a type that is not known: left alone`)
  out.push(...otherLinks(report), ...unreadOf(report.network?.unread ?? [], 'a lock may be left'))
  return [...out, ...residueMessages(report), ...checkpoint.notes]
}
