// Whether what a run says agrees with what it did.
import os from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import type { Totals } from '../../src/report/report.js'
import type { JsonScan } from '../../src/report/scan-schema.js'
import type { JsonRemap } from '../../src/report/schema.js'
import type { Done } from '../rig/execute.js'
import { sumOf, type Report } from '../rig/gc.js'
import type { Scene } from './scene.js'

/** one line each; empty is good */
export type Problems = string[]

const GONE = new Set(['removed', 'absent'])

/** bad calls, refusals, bad images, no privilege: nothing may have been removed then */
const EARLY = new Set([1, 2, 5, 6, 7, 8])

const { ENOENT, ELOOP, EPERM } = Object.fromEntries(
  Object.entries(os.constants.errno).map(([name, number]) => [name, -number]),
)

const INTERNAL = 1
const LEFTOVERS = 3
const INCOMPLETE = 4

/** `gone`: the links of the scene that the run removed, as the disk says. */
export const judge = (
  scene: Scene,
  { call, value }: { readonly call: string; readonly value: number },
  done: Done,
  gone: readonly string[],
): Problems => {
  const said = done.stdout + done.stderr
  const report = asRemaps(done.report)
  const problems: Problems = []
  if (/^ +at /m.test(said)) problems.push(`a stack trace: ${said}`)
  if (done.code === 0 && gone.length < scene.leftovers.length)
    problems.push('exit code 0, links left')
  if (done.code > 0 && done.stderr === '' && report === undefined) problems.push('no message')
  if (report !== undefined && report.exit.code !== done.code)
    problems.push(`exit code ${done.code}, in the document ${report.exit.code}`)
  if (report?.remaps !== undefined) {
    problems.push(...judgeRemaps(scene, report, gone, value))
    if (done.code === LEFTOVERS && !lacksImage(report, value))
      problems.push(...judgeOthers(report.remaps, call))
  } else if (!EARLY.has(done.code)) problems.push(`exit code ${done.code}: ${said.slice(0, 500)}`)
  else if (gone.length > 0 && !(call === 'write' && done.code === INTERNAL))
    problems.push(`ended early with ${done.code} and removed ${gone.length}: ${done.stderr}`)
  // Without images every run is incomplete, and one that finds all the same has nothing to say.
  const isUsual =
    scene.isLiving && done.code === scene.code && gone.length === scene.leftovers.length
  // Of a file that somebody took out of a socket at that moment nothing is known.
  const isOther = scene.isScanned && said.includes('a message in socket')
  if (done.code !== 0 && !isUsual && !isOther && !names(said, call, value))
    problems.push(`the error is not named: ${done.stderr}${JSON.stringify(report?.remaps ?? '')}`)
  return problems
}

/** The document of a scan as one of a clean-up: names that were found are its remaps. */
export const asRemaps = (report: Report | undefined): Report | undefined => {
  if (report === undefined || !('links' in report)) return report
  const { links, totals, ...rest } = report as unknown as JsonScan
  const { links: remaps, ...parts } = totals
  return {
    ...(rest as unknown as Report),
    totals: { ...parts, remaps } as unknown as Totals,
    remaps: links.map((one) => ({
      ...(one as unknown as JsonRemap),
      id: Number(/\d+$/.exec(one.link)?.[0]),
    })),
  }
}

/** What could not be looked at, of a living tree or of this machine. */
const unreadOf = (report: Report): readonly string[] =>
  report.living?.unread ?? (report as Partial<Pick<JsonScan, 'unread'>>).unread ?? []

/** By its name, or Node's word for one that it does not know, or as what it means for a call. */
const names = (said: string, call: string, value: number): boolean =>
  value === 0 ||
  aliases(value).some((name) => said.includes(name)) ||
  (!getSystemErrorMap().has(value) && /UNKNOWN|Unknown system error/.test(said)) ||
  (said.includes(call) && / lacks | not permitted/.test(said)) ||
  (value === ENOENT && /"unreachable"|"complete": false/.test(said)) ||
  (value === EPERM && said.includes('the kernel shows us a part of them only')) ||
  (value === ELOOP && said.includes('is a symbolic link'))

/** EAGAIN and EWOULDBLOCK are one number. */
const aliases = (value: number): string[] =>
  Object.entries(os.constants.errno)
    .filter(([, number]) => number === -value)
    .map(([name]) => name)

/**
 * Which open of the run is the middle one depends on the processes of the machine: where it is that of an
 * image, the image is missing, and the run has to say that it is incomplete.
 */
const lacksImage = (report: Report, value: number): boolean =>
  value === ENOENT && report.complete === false

/** What a living tree holds, or a directory has, is not found where a part could not be looked at, which the report says. */
const lacksPart = (scene: Scene, report: Report): boolean =>
  (scene.isLiving || scene.isScanned) && unreadOf(report).length > 0

const judgeRemaps = (
  scene: Scene,
  report: Report,
  gone: readonly string[],
  value: number,
): Problems => {
  const { remaps = [], totals } = report
  const all = totals?.remaps
  const problems: Problems = []
  const sum = totals && sumOf(totals)
  const incomplete = lacksImage(report, value)
  const isShort = all !== scene.total() && !incomplete && !lacksPart(scene, report)
  if (sum !== all || remaps.length !== all || isShort)
    problems.push(`totals do not add up: ${JSON.stringify(report.totals)}`)
  for (const { id, verdict, reason, errno, syscall } of remaps) {
    const isGone = gone.some((link) => link.endsWith(`/link_remap.${id}`))
    // A deletion that could not be checked afterwards has failed, though the link may be gone.
    const isUnsure = verdict === 'failed' && syscall === 'statx'
    if (GONE.has(verdict) !== isGone && !isUnsure)
      problems.push(
        `link ${id} is ${isGone ? 'gone' : 'there'}, said to be ${verdict} ${reason ?? errno ?? ''}`,
      )
  }
  const saidGone = remaps.filter(({ verdict }) => GONE.has(verdict)).length
  if (saidGone < gone.length && !remaps.some(({ syscall }) => syscall === 'statx'))
    problems.push(`${gone.length} links are gone, ${saidGone} said to be`)
  const isLeft = remaps.some(({ verdict }) => verdict === 'kept' || verdict === 'failed')
  const isAlarm = remaps.some(({ alarm }) => alarm)
  const isUnproven =
    scene.isLiving ||
    incomplete ||
    (scene.isScanned && lacksPart(scene, report)) ||
    remaps.some(({ proven }) => proven === false)
  const code = isAlarm ? 9 : isLeft ? LEFTOVERS : isUnproven ? INCOMPLETE : 0
  if (report.exit.code !== code) problems.push(`exit code ${report.exit.code} is not ${code}`)
  return problems
}

/** What one call was about is one link, or the links of one directory, or those of one mount; who holds files is asked once for all. */
const judgeOthers = (remaps: readonly JsonRemap[], call: string): Problems => {
  const left = remaps.filter(({ verdict, reason }) => !GONE.has(verdict) && reason !== 'unseen')
  if (call === 'unlinkat' && left.length !== 1)
    return [`one deletion failed and ${left.length} links are left`]
  const mounts = new Set(left.map(({ mntId, link }) => mntId ?? dirname(link)))
  return mounts.size > 1 ? [`links of ${mounts.size} mounts are left`] : []
}
