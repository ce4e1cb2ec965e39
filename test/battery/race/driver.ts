// Runs the command against one attacker, RUNS times with COUNT links, in a file system of its own at
// BASE, and counts what became of every name.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { writeDump } from '../../encode/images.js'
import { must } from '../../rig/command.js'
import { diffManifest, manifest, type Manifest } from '../../rig/manifest.js'
import { criuGc, inRepo } from '../../rig/repo.js'
import type { JsonReport, JsonRemap } from '../../../src/report/schema.js'
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

const [attacker = '', base = ''] = process.argv.slice(2, 4)
const [runs = 0, count = 0] = process.argv.slice(4).map(Number)

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
const layLinks = (): void => {
  must(lay, [parent, at('keep'), String(count), layout])
}

const ids = Array.from({ length: count }, (_, index) => 2 * index + 2)
const inside = (id: number): string =>
  layout === 'baits' ? `link_remap.${id}` : `d${id / 2 - 1}/link_remap.${id}`

/** The victims have the same names; what else is there is nobody's to remove either. */
const prepare = (): void => {
  layLinks()
  must(lay, [at('host/p'), at('host/keep'), String(count), 'each'])
  for (const id of ids.slice(0, 100))
    for (const dir of ['rootfs', 'rootfs/other', 'host/p', 'outside'])
      fs.writeFileSync(at(dir, `link_remap.${id}`), 'victim')
  writeDump(at('images'), {
    namespaces: new Map([[9, [{ mntId: 50, parent: 1, mountpoint: '/', source: '/dev/vda' }]]]),
    links: ids.map((id) => ({ id, link: `/p/${inside(id)}`, mntId: 50, size: 10 })),
  })
  // A dump that began with this process and ends tomorrow: no link is older, whenever it was laid, and
  // nothing that the attacker does makes one look newer.
  const tomorrow = Date.now() / 1000 + 86_400
  fs.utimesSync(at('images/inventory.img'), tomorrow, tomorrow)
}

const words = (run: number): string[] => {
  switch (attacker) {
    case 'swap-parent':
      fs.rmSync(at('rootfs/q'), { force: true })
      fs.symlinkSync(run % 2 === 0 ? at('host/p') : '../host/p', at('rootfs/q'))
      return [parent, at('rootfs/q')]
    case 'swap-target':
      return [parent, String(count)]
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

const clean = (): { code: number | null; remaps: readonly JsonRemap[]; report: JsonReport } => {
  const args = [criuGc, 'clean', '--json', '-D', at('images'), '-r', at('rootfs')]
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30 })
  if (!done.stdout.startsWith('{')) throw new Error(`exit ${done.status}: ${done.stderr}`)
  const report = JSON.parse(done.stdout) as JsonReport
  return { code: done.status, remaps: report.remaps, report }
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
const checkBaits = (run: number, remaps: readonly JsonRemap[]): void => {
  remaps.forEach(({ id, alarm }, index) => {
    const kind = KINDS[index % 4] as string
    const found = [kindAt(`link_remap.${id}`), kindAt(`bait.${id}`)]
    if (found[1] === 'nothing') problems.push(`run ${run}: bait.${id} is gone`)
    if (found.includes(kind)) return
    tally(baits, kind)
    if (kind === 'directory') problems.push(`run ${run}: directory ${id} was removed`)
    // A file that looks like the link cannot be told from it; what is of another type has to be.
    else if (kind !== 'file' && alarm !== true)
      problems.push(`run ${run}: ${kind} ${id} was removed in silence`)
  })
}

/** Of directories that come and go no more is known than what is there. */
const isProven = ({ proven }: JsonRemap): boolean => proven !== false

const judge = (run: number, { code, remaps, report }: ReturnType<typeof clean>): void => {
  const before = { ...outcomes }
  for (const { verdict, reason, errno, alarm } of remaps)
    tally(outcomes, alarm === true ? 'alarm' : [verdict, reason ?? errno].join(' ').trim())
  const now = (key: string): number => (outcomes[key] ?? 0) - (before[key] ?? 0)
  const { remaps: total, ...parts } = report.totals
  const sum = Object.values(parts).reduce((a, b) => a + b, 0)
  if (remaps.length !== count || total !== count || sum !== count)
    problems.push(`run ${run}: totals do not add up: ${JSON.stringify(report.totals)}`)
  const quiet = remaps.every(isProven) ? 0 : 4
  const expected = now('alarm') > 0 ? 9 : parts.kept + parts.failed > 0 ? 3 : quiet
  if (code !== expected) problems.push(`run ${run}: exit ${code} instead of ${expected}`)
  const gone = missing().length
  const said = now('removed') + now('alarm')
  if (gone !== said) problems.push(`run ${run}: ${gone} names are gone, ${said} are reported`)
  if (layout === 'baits') checkBaits(run, remaps)
}

/** Without an attacker all that is left goes; only what he put in the place of a link stays. */
const finish = (run: number): void => {
  const { code, remaps } = clean()
  const left = ids.length - missing().length
  const expected = remaps.every(isProven) ? 0 : 4
  if (layout === 'each' && (code !== expected || left > 0))
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
  const before = look()
  for (let run = 0; run < runs && problems.length < 20; run++) {
    const enemy = await attack(program, run)
    const result = clean()
    strikes += await end(enemy)
    attempts += result.remaps.length
    judge(run, result)
    if (run % 10 === 9) finish(run)
    layLinks()
    print({ runs: run + 1, attempts, outcomes, strikes, baits, problems } satisfies RaceReport)
  }
  const { removed, added, changed } = diffManifest(before, look())
  for (const path of removed) problems.push(`${path} is gone`)
  for (const path of added) problems.push(`${path} has come`)
  for (const { path, what } of changed) problems.push(`${what} of ${path} changed`)
  const canaries = fs.readdirSync(at('rootfs')).filter((name) => name.startsWith('link_remap.'))
  if (canaries.length !== Math.min(count, 100)) problems.push('a canary in the rootfs is gone')
  const survivors = fs.readdirSync(at('keep')).length
  if (survivors !== count) problems.push(`${count - survivors} survivors are gone`)
  const shown = problems.slice(0, 20)
  print({ runs, attempts, outcomes, strikes, baits, problems: shown } satisfies RaceReport)
}

await main()
