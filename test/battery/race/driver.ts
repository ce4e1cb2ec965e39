// Runs the command in one of its ways against one attacker, RUNS times with COUNT links, in a file system of its own at
// BASE, and counts what became of every name.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { dumpImages, image, writeDump, writeImages, type DumpSpec } from '../../encode/images.js'
import { file, ghostFile, remap } from '../../encode/messages.js'
import { must } from '../../rig/command.js'
import { later } from '../../rig/hand-made.js'
import { diffManifest, manifest, type Manifest } from '../../rig/manifest.js'
import { criuGc, inRepo } from '../../rig/repo.js'
import type { JsonScan } from '../../../src/report/scan-schema.js'
import type { JsonReport } from '../../../src/report/schema.js'
import { mountTmpfs, protectMachine } from '../isolated.js'
import { print } from '../print.js'

export interface RaceReport {
  readonly runs: number
  readonly attempts: number
  /** By verdict; `alarm` is one of its own. */
  readonly outcomes: Readonly<Record<string, number>>
  /** What the attacker did. */
  readonly strikes: number
  /** Things of the attacker's own that were removed under the name of a link, by kind. */
  readonly baits: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

/** What tells of the names: images, a walk below a directory, a living process, images of ghost files. */
export type Way = 'images' | 'scan' | 'pid' | 'ghosts'

const [attacker, base, way] = process.argv.slice(2, 5) as [string, string, Way]
const [runs = 0, count = 0] = process.argv.slice(5).map(Number)

mountTmpfs(base, '2g')
protectMachine(base)

const at = (...parts: string[]): string => join(base, ...parts)
const folders = ['rootfs/p', 'rootfs/other', 'keep', 'host/p', 'host/keep', 'outside', 'programs']
for (const folder of folders) fs.mkdirSync(at(folder), { recursive: true })

// Nothing else can be written to any more.
process.env.TMPDIR = at('programs')

const compile = (source: string): string => {
  const file = inRepo('test', 'battery', 'race', `${source}.c`)
  must('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', at('programs', source), file])
  return at('programs', source)
}

const parent = at('rootfs/p')
/** How links lie: one in a directory each, or together, each with a bait. */
const layout = attacker === 'swap-target' ? 'baits' : 'each'
const lay = compile('lay')
const inWay = way === 'ghosts' ? ['ghosts'] : []
const layLinks = (): void => {
  must(lay, [parent, at('keep'), String(count), layout, ...inWay])
}

const ids = Array.from({ length: count }, (_, index) => 2 * index + 2)
const nameOf = (id: number): string =>
  way === 'ghosts' ? `old.cr.${id.toString(16)}.ghost` : `link_remap.${id}`
const folderOf = (id: number): string => (layout === 'baits' ? '' : `d${id / 2 - 1}/`)
const inside = (id: number): string => folderOf(id) + nameOf(id)

/** Before the names that are to go, and after the victims with such names, for what knows them by their time. */
let since = ''

const moment = (): string => {
  later()
  const now = (Date.now() / 1000).toFixed(3)
  later()
  return `@${now}`
}

/** The victims have the same names; what else is there is nobody's to remove either. */
const prepare = (): void => {
  must(lay, [at('host/p'), at('host/keep'), String(count), 'each', ...inWay])
  for (const id of ids.slice(0, 100))
    for (const dir of ['rootfs', 'rootfs/other', 'host/p', 'outside'])
      fs.writeFileSync(at(dir, nameOf(id)), 'victim')
  since = moment()
  layLinks()
  const namespaces = new Map([[9, [{ mntId: 50, parent: 1, mountpoint: '/', source: '/dev/vda' }]]])
  if (way === 'ghosts') writeGhosts(namespaces)
  else
    writeDump(at('images'), {
      namespaces,
      links: ids.map((id) => ({ id, link: `/p/${inside(id)}`, mntId: 50, size: 10 })),
    })
  // A dump that began with this process and ends tomorrow: no link is older, whenever it was laid, and
  // nothing that the attacker does makes one look newer.
  const tomorrow = Date.now() / 1000 + 86_400
  fs.utimesSync(at('images/inventory.img'), tomorrow, tomorrow)
}

const writeGhosts = (namespaces: DumpSpec['namespaces'] & object): void => {
  const images = dumpImages({
    namespaces,
    files: ids.map((id) => file({ id, name: `/p/${folderOf(id)}old`, mntId: 50, mode: 0o100644 })),
    remaps: ids.map((id) => remap(id, id, 1)),
  })
  const entry = ghostFile({ mode: 0o100644, mtim: [1_700_000_000, 5] })
  const ghost = Buffer.concat([image('ghost-file', [entry]), Buffer.from('ten bytes.')])
  for (const id of ids) images.set(`ghost-file-${id.toString(16)}.img`, ghost)
  writeImages(at('images'), images)
}

const words = (run: number): string[] => {
  switch (attacker) {
    case 'swap-parent':
      fs.rmSync(at('rootfs/q'), { force: true })
      fs.symlinkSync(run % 2 === 0 ? at('host/p') : '../host/p', at('rootfs/q'))
      return [parent, at('rootfs/q')]
    case 'swap-target':
      return [parent, String(count), ...inWay]
    case 'cover':
      return [at('host/p'), parent]
    case 'churn':
      return [parent, at('outside/p'), String(count)]
    default:
      throw new Error(`no attacker has the name ${attacker}`)
  }
}

const attack = async (program: string, run: number): Promise<ChildProcess> => {
  const child = spawn(program, words(run), { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', reject)
  })
  return child
}

/** How often it struck. */
const end = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (data: Buffer) => (said += data.toString()))
    child.removeAllListeners('exit')
    child.once('close', (code) => {
      if (code === 0) resolve(Number(said))
      else reject(new Error(`the attacker ended with ${code}`))
    })
    child.kill('SIGTERM')
  })

/** What became of one name. */
interface Row {
  readonly id: number
  readonly verdict: string
  readonly why: string | undefined
  readonly alarm: boolean
  readonly proven: boolean
}

interface Done {
  readonly code: number | null
  readonly rows: readonly Row[]
  readonly totals: JsonReport['totals'] | undefined
}

/** The living process of that way; of the others none. */
const hold = async (): Promise<ChildProcess | undefined> => {
  if (way !== 'pid') return undefined
  const args = [parent, String(count), layout]
  const child = spawn(at('programs/hold'), args, { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', reject)
  })
  child.removeAllListeners('exit')
  return child
}

const release = async (holder: ChildProcess | undefined): Promise<void> => {
  if (holder === undefined) return
  const ended = new Promise((resolve) => holder.once('exit', resolve))
  holder.stdin?.end()
  await ended
}

const wordsOf = (holder: ChildProcess | undefined): string[] => {
  const images = ['-D', at('images'), '-r', at('rootfs')]
  // In a pid namespace not all processes are seen.
  const unseen = ['--accept', 'unseen']
  switch (way) {
    case 'images':
      return ['clean', ...images]
    case 'ghosts':
      return ['clean', ...images, '--only', 'residue', '--repair', 'ghosts', ...unseen]
    case 'scan':
      return ['scan', at('rootfs'), '--since', since, '--remove', ...unseen]
    case 'pid':
      return ['clean', '--pid', String(holder?.pid), '--since', since, '--only', 'links']
  }
}

/** A name in the directory of the links; a victim of the same name is elsewhere. */
const idIn = (path: string): number => {
  const [, decimal, hex] = /\/(?:link_remap\.(\d+)|old\.cr\.([\da-f]+)\.ghost)$/.exec(path) ?? []
  return decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
}

/** The directory of the links has another name now and then. */
const isVictim = (path: string): boolean =>
  [at('rootfs'), at('rootfs/other')].includes(dirname(path))

/** A row of any of the documents. */
interface Told {
  readonly verdict: string
  readonly reason?: string
  readonly errno?: string
  readonly alarm?: true
  readonly proven?: boolean
}

const rowOf = (id: number, { verdict, reason, errno, alarm, proven }: Told): Row => ({
  ...{ id, verdict, why: reason ?? errno },
  ...{ alarm: alarm === true, proven: proven !== false },
})

const clean = (holder: ChildProcess | undefined): Done => {
  const args = [criuGc, ...wordsOf(holder), '--json']
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30 })
  if (!done.stdout.startsWith('{')) throw new Error(`exit ${done.status}: ${done.stderr}`)
  const code = done.status
  if (way === 'scan') {
    const { links } = JSON.parse(done.stdout) as JsonScan
    const rows = links
      .filter(({ link }) => !isVictim(link))
      .map((link) => rowOf(idIn(link.link), link))
    return { code, rows, totals: undefined }
  }
  const { remaps, residue, totals } = JSON.parse(done.stdout) as JsonReport
  const rows =
    way === 'ghosts'
      ? residue.filter(({ kind }) => kind === 'ghosts').map((one) => rowOf(idIn(one.where), one))
      : remaps.map((one) => rowOf(one.id, one))
  return { code, rows, totals }
}

const problems: string[] = []
const outcomes: Record<string, number> = {}
const baits: Record<string, number> = {}
let [attempts, strikes] = [0, 0]

const tally = (counts: Record<string, number>, key: string): number =>
  (counts[key] = (counts[key] ?? 0) + 1)

const missing = (): number[] => ids.filter((id) => !isThere(inside(id)))
const isThere = (path: string): boolean =>
  fs.lstatSync(join(parent, path), { throwIfNoEntry: false }) !== undefined

const KINDS = ['file', 'symbolic link', 'directory', 'fifo']

/** What the entry of a name is: the link itself has another name, in `keep`. */
const kindAt = (name: string): string => {
  const stat = fs.lstatSync(join(parent, name), { throwIfNoEntry: false })
  if (stat === undefined) return 'nothing'
  if (stat.isFile()) return stat.nlink === 2 ? 'link' : 'file'
  return stat.isSymbolicLink() ? 'symbolic link' : stat.isDirectory() ? 'directory' : 'fifo'
}

/** Of a bait that was removed as if it were the link: is that known, and may it go at all? */
const checkBaits = (run: number, rows: readonly Row[]): void => {
  rows.forEach(({ id, alarm }) => {
    const kind = KINDS[(id / 2 - 1) % 4] as string
    const found = [kindAt(nameOf(id)), kindAt(`bait.${id}`)]
    if (found[1] === 'nothing') problems.push(`run ${run}: bait.${id} is gone`)
    if (found.includes(kind)) return
    tally(baits, kind)
    if (kind === 'directory') problems.push(`run ${run}: directory ${id} was removed`)
    // A file that looks like the link cannot be told from it; what is of another type has to be.
    else if (kind !== 'file' && !alarm)
      problems.push(`run ${run}: ${kind} ${id} was removed in silence`)
  })
}

/** What the command ends with: only images say how much there is. */
const codeOf = (rows: readonly Row[], isAllProven: boolean): number => {
  if (rows.some(({ alarm }) => alarm)) return 9
  // Of others a victim is kept, as older than the time that was given.
  const isAnyLeft = rows.some(isLeft) || way === 'scan'
  return isAnyLeft ? 3 : isAllProven && way !== 'pid' ? 0 : 4
}

/** In a pid namespace not all mount namespaces are seen, which is said where somebody asks for ghost files. */
const isAsExpected = (code: number | null, expected: number): boolean =>
  code === expected || (way === 'ghosts' && code === 4 && expected === 0)

/** What differs from a ghost file is somebody else's. */
const isLeft = ({ verdict, why }: Row): boolean =>
  verdict === 'failed' || (verdict === 'kept' && why !== 'foreign')

const judge = (run: number, { code, rows, totals }: Done): void => {
  const before = { ...outcomes }
  for (const { verdict, why, alarm } of rows)
    tally(outcomes, alarm ? 'alarm' : [verdict, why].join(' ').trim())
  const now = (key: string): number => (outcomes[key] ?? 0) - (before[key] ?? 0)
  if (way === 'images' && totals !== undefined) {
    const { remaps: total, ...parts } = totals
    const sum = Object.values(parts).reduce((a, b) => a + b, 0)
    if (rows.length !== count || total !== count || sum !== count)
      problems.push(`run ${run}: totals do not add up: ${JSON.stringify(totals)}`)
  }
  // Of directories that come and go no more is known than what is there.
  const expected = codeOf(
    rows,
    rows.every(({ proven }) => proven),
  )
  if (!isAsExpected(code, expected))
    problems.push(`run ${run}: exit ${code} instead of ${expected}`)
  const gone = missing().length
  const said = now('removed') + now('alarm')
  if (gone !== said) problems.push(`run ${run}: ${gone} names are gone, ${said} are reported`)
  if (layout === 'baits') checkBaits(run, rows)
}

/** Without an attacker all that is left goes; only what he put in the place of a link stays. */
const finish = (run: number, holder: ChildProcess | undefined): void => {
  const { code, rows } = clean(holder)
  const left = ids.length - missing().length
  const expected = codeOf(
    rows,
    rows.every(({ proven }) => proven),
  )
  if (layout === 'each' && (!isAsExpected(code, expected) || left > 0))
    problems.push(`run ${run}: ${left} links are left when all is quiet (exit ${code})`)
}

const look = (): Manifest => {
  const all = manifest(at('host'), at('outside'), at('rootfs/other'), at('images'))
  // Where the attacker moves things in and out.
  for (const path of [at('outside'), at('host')]) all.delete(path)
  return all
}

const main = async (): Promise<void> => {
  prepare()
  const program = compile(attacker)
  if (way === 'pid') compile('hold')
  const before = look()
  for (let run = 0; run < runs && problems.length < 20; run++) {
    const holder = await hold()
    const enemy = await attack(program, run)
    const result = clean(holder)
    strikes += await end(enemy)
    attempts += result.rows.length
    judge(run, result)
    if (run % 10 === 9 || run === 0) finish(run, holder)
    await release(holder)
    layLinks()
    print({ runs: run + 1, attempts, outcomes, strikes, baits, problems } satisfies RaceReport)
  }
  const { removed, added, changed } = diffManifest(before, look())
  for (const path of removed) problems.push(`${path} is gone`)
  for (const path of added) problems.push(`${path} has come`)
  for (const { path, what } of changed) problems.push(`${what} of ${path} changed`)
  const canaries = fs.readdirSync(at('rootfs')).filter((name) => /^link_remap|ghost$/.test(name))
  if (canaries.length !== Math.min(count, 100)) problems.push('a canary in the rootfs is gone')
  const survivors = fs.readdirSync(at('keep')).length
  if (survivors !== count) problems.push(`${count - survivors} survivors are gone`)
  const shown = problems.slice(0, 20)
  print({ runs, attempts, outcomes, strikes, baits, problems: shown } satisfies RaceReport)
}

await main()
