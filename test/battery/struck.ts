// Whether a run over a tree that was changed under it removed links and nothing else, and told the truth about it.
import fs from 'node:fs'
import { basename } from 'node:path'
import type { Done } from '../rig/execute.js'
import { sumOf } from '../rig/gc.js'
import { diffManifest, type Entry, type Manifest } from '../rig/manifest.js'
import { asRemaps, type Problems } from './judge.js'
import type { Scene } from './scene.js'
import type { Strike } from './strikes.js'

/** SIGKILL, and until it has taken all that the process held: its parent has it as a zombie then. */
export const settledEnd = (pid: number): void => {
  process.kill(pid, 'SIGKILL')
  const state = (): string => {
    try {
      return /^State:\t(\w)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 'X'
    } catch {
      return 'X'
    }
  }
  while (!['Z', 'X'].includes(state())) continue
}

/** Of links: by inode, the number of each. */
export const linksOf = (scene: Scene): ReadonlyMap<bigint, number> =>
  new Map(
    scene.made.map(({ link }) => [
      fs.lstatSync(link, { bigint: true }).ino,
      Number(basename(link).split('.')[1]),
    ]),
  )

export interface Struck {
  readonly strike: Strike
  /** The tree as it was when the run went on. */
  readonly then: Manifest
  readonly after: Manifest
  readonly links: ReadonlyMap<bigint, number>
}

const EARLY = new Set([2, 5, 6, 7, 8])
const LEFTOVERS = 3
const ALARM = 9

export const judgeStruck = ({ strike, then, after, links }: Struck, done: Done): Problems => {
  const { removed, added, changed } = diffManifest(then, after)
  const problems: Problems = added.map((path) => `added: ${path}`)
  const said = done.stdout + done.stderr
  if (/^ +at /m.test(said)) problems.push(`a stack trace: ${said}`)
  const linkOf = (path: string): number | undefined => {
    const { ino, type } = then.get(path) as Entry
    return type === 'file' ? links.get(ino) : undefined
  }
  // Each had another name besides.
  const goneBefore = [...then.values()].flatMap(({ ino, nlink }) =>
    nlink === 1 ? (links.get(ino) ?? []) : [],
  )
  const gone = new Set(goneBefore)
  const hit: string[] = []
  for (const path of removed) {
    const id = linkOf(path)
    if (id === undefined || basename(path) !== `link_remap.${id}`) hit.push(path)
    else gone.add(id)
  }
  for (const { path, what } of changed)
    if (
      !['nlink', 'ctimeNs', 'mtimeNs', 'size'].includes(what) ||
      (then.get(path) as Entry).type === 'link'
    )
      problems.push(`changed: ${path}: ${what}`)
  const report = asRemaps(done.report)
  const { remaps, totals } = report ?? {}
  if (remaps === undefined || totals === undefined) {
    if (!EARLY.has(done.code)) problems.push(`exit code ${done.code}: ${said.slice(0, 300)}`)
    if (removed.length > 0 || (goneBefore.length > 0 && strike.removes !== true))
      problems.push(`no report, and gone are ${[...goneBefore, ...removed].join()}`)
    return problems
  }
  const alarms = remaps.filter(({ alarm }) => alarm)
  if (hit.length !== alarms.length)
    problems.push(`${alarms.length} alarms, and hit were ${hit.join() || 'none'}`)
  // It was on its way already, to a place that was right a moment before.
  if (hit.length > (strike.isInPlace ? 1 : 0)) problems.push(`removed: ${hit.join()}`)
  if (sumOf(totals) !== totals.remaps || remaps.length !== totals.remaps)
    problems.push(`totals: ${JSON.stringify(totals)}`)
  for (const { id, verdict, reason, errno, alarm } of remaps) {
    const isGone = gone.has(id)
    if (alarm || (verdict === 'removed') === isGone) continue
    if (strike.removes && verdict === 'absent') continue
    problems.push(
      `link ${id} is ${isGone ? 'gone' : 'there'}, said to be ${verdict} ${reason ?? errno ?? ''}`,
    )
  }
  const saidGone = new Set(remaps.flatMap(({ id, verdict }) => (verdict === 'removed' ? [id] : [])))
  for (const id of gone)
    if (!saidGone.has(id) && !strike.removes)
      problems.push(`link ${id} is gone, and nobody said so`)
  const isLeft = remaps.some(({ verdict }) => verdict === 'kept' || verdict === 'failed')
  const { code } = report?.exit ?? {}
  if (code !== done.code) problems.push(`exit code ${done.code}, in the document ${code}`)
  if (alarms.length > 0 ? code !== ALARM : isLeft && code !== LEFTOVERS)
    problems.push(`exit code ${code}`)
  return problems
}
