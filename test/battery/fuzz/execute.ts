// Executes the inputs FROM to TO of SEED in a jail below BASE: the whole run of the command with its
// system calls, but for the dropping of privileges, so that one process can do it again and again.
import { SCOPES } from '../../../src/prepare-left.js'
import fs from 'node:fs'
import { join } from 'node:path'
import { fromText } from '../../../src/bytes.js'
import { parseExternals } from '../../../src/plan/external.js'
import { GcError } from '../../../src/errors.js'
import { run, type RunOptions } from '../../../src/gc.js'
import { toJson } from '../../../src/report/json.js'
import { DOUBTS } from '../../../src/proof/doubts.js'
import { exitOf, totalsOf, type Report } from '../../../src/report/report.js'
import { plainText } from '../../../src/report/plain.js'
import { treeLines } from '../../../src/report/tree.js'
import { loadAddon, type Addon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { beginAt } from '../../encode/images.js'
import { mountinfo } from '../../rig/mountinfo.js'
import { inRepo } from '../../rig/repo.js'
import { schemaProblem } from '../../rig/schema.js'
import { mountTmpfs, protectMachine } from '../isolated.js'
import { print } from '../print.js'
import { recorded, type Dump } from './corpus.js'
import { encoded } from './encoded.js'
import { jailed } from './jailed.js'
import { Jail } from './jail.js'
import { coresOf } from './memory.js'
import { Mutator } from './mutate.js'
import { Random } from './random.js'

export interface ExecuteReport {
  readonly at: number
  readonly executed: number
  readonly refused: number
  readonly removed: number
  readonly totals: Readonly<Record<string, number>>
  readonly maxRssMiB: number
  readonly problems: readonly string[]
}

const [seed = 0, from = 0, to = 0] = process.argv.slice(2, 5).map(Number)
const base = process.argv[5] as string
/** A link that is gone is looked for in vain until the end of its batch. */
const BATCH = 25

mountTmpfs(base)
for (const part of ['volume', 'shm']) {
  fs.mkdirSync(join(base, part))
  mountTmpfs(join(base, part))
}
protectMachine(base)

/** Privileges are dropped once in a process; that they are is tested elsewhere. */
const withoutDrop = (addon: Addon): Addon => {
  const nothing = (): number => 0
  const calls = [
    'prctl', 'capset', 'setgroups', 'setresuid', 'thread_setresuid', 'seccomp',
    'landlock_create_ruleset',
  ] // prettier-ignore
  return { ...addon, ...Object.fromEntries(calls.map((call) => [call, nothing])) }
}

const sys = new Sys(withoutDrop(loadAddon(inRepo('dist'))))
const common: Dump[] = [...recorded(), ...encoded()]
const jail = new Jail(base, common)
const own = jailed(jail)
// As often one that fits the jail as one that was recorded elsewhere.
const dumps = [...common, ...own, ...own, ...own]
const mutator = new Mutator(dumps, new Random(seed, -1))
const problems: string[] = []
const totals: Record<string, number> = {}
let [refused, removedAll] = [0, 0]
/** Since the last look. */
let removed = 0

/** Of another thread of ours, which stays where the process began. */
const mountTable = (): string => {
  const thread = fs.readdirSync('/proc/self/task').find((id) => Number(id) !== process.pid)
  return fs.readFileSync(`/proc/self/task/${thread}/mountinfo`, 'latin1')
}

const optionsOf = (random: Random): RunOptions => {
  const keys = ['/data', 'vol', '/vol', '__proto__', 'dev[vol]']
  const externals = keys
    .filter(() => !random.once(4))
    .map((key) => ({
      option: 'external' as const,
      value: `mnt[${key}]:${random.once(5) ? join(jail.volume, 'sub') : jail.volume}`,
    }))
  if (random.once(3)) externals.push({ option: 'external', value: 'mnt[]' })
  return {
    command: random.once(10) ? 'show' : 'clean',
    imagesDir: jail.images,
    root: random.once(10) ? undefined : jail.root,
    externals: parseExternals(externals),
    workDir: undefined,
    dumpLog: undefined,
    restoreLog: undefined,
    only: new Set(SCOPES),
    netns: [],
    gone: new Set(['/data', 'vol', '/sub'].filter(() => random.once(8)).map(fromText)),
    mounts: random.once(3) ? 'all' : 'remaps',
    accept: new Set(random.once(3) ? DOUBTS : DOUBTS.filter(() => random.once(4))),
    pid: undefined,
    since: undefined,
    keep: [],
    keepLastLink: random.once(5),
    maxRemaps: undefined,
    onLocked: () => undefined,
    onProgress: () => undefined,
  }
}

const writeImages = (images: ReadonlyMap<string, Buffer>, old: boolean): void => {
  for (const name of fs.readdirSync(jail.images)) fs.unlinkSync(join(jail.images, name))
  for (const [name, data] of [...coresOf(images), ...images]) {
    const path = join(jail.images, name)
    fs.writeFileSync(path, data)
    // Of a dump of long ago: everything in the jail is newer.
    if (old) fs.utimesSync(path, 1e9, 1e9)
  }
  // Else of one that began before the jail was filled: nothing in it is too old to be removed.
  if (!old) beginAt(jail.images, images.keys())
}

const openFds = (): number[] => fs.readdirSync('/proc/self/fd').map(Number)

/** Node's own; without the one on the list itself, whose number the next to open something gets. */
const nodes = new Set(openFds().filter((fd) => fs.existsSync(`/proc/self/fd/${fd}`)))

/** A run leaves its descriptors to the end of its process: they hold its namespaces and its lock. */
const closeOthers = (): void => {
  for (const fd of openFds()) if (!nodes.has(fd)) sys.close(fd)
}

/** Columns and lines are ours. */
const UNSAFE = /[^\n\t\P{C}]/u

/** Text and JSON of a report of hostile names: one document, one line a remap, no control bytes. */
const checkReport = (index: number, report: Report): void => {
  const document = JSON.stringify(toJson(report))
  const plain = plainText(report)
  const tree = treeLines(report, { colour: false, now: 0 }).join('\n')
  if (UNSAFE.test(plain) || UNSAFE.test(tree))
    problems.push(`input ${index}: a control character in the report`)
  const parsed = JSON.parse(document) as { remaps: unknown[] }
  const problem = schemaProblem(parsed)
  if (problem !== undefined) problems.push(`input ${index}: not as the schema says: ${problem}`)
  if (parsed.remaps.length !== report.remaps.length)
    problems.push(`input ${index}: the document has another number of remaps`)
  if (exitOf(report) === 'alarm') problems.push(`input ${index}: an alarm`)
}

const execute = (index: number): void => {
  const random = new Random(seed, index)
  const images = mutator.next(random)
  const options = optionsOf(random)
  writeImages(images, random.once(5))
  try {
    const report = run(sys, options)
    for (const [verdict, count] of Object.entries(totalsOf(report)))
      totals[verdict] = (totals[verdict] ?? 0) + count
    removed += totalsOf(report).removed
    checkReport(index, report)
  } catch (error) {
    if (error instanceof GcError) refused += 1
    else problems.push(`input ${index}: ${String(error instanceof Error ? error.stack : error)}`)
  } finally {
    closeOthers()
  }
}

/** What is wrong after the inputs since the last look; and everything as it was. */
const settle = (): string[] => {
  const found = jail.inspect()
  const wrong = [...found.violations]
  if (found.removed !== removed)
    wrong.push(`${found.removed} links are gone, ${removed} were reported as removed`)
  removedAll += removed
  removed = 0
  jail.mend()
  return wrong
}

/** The inputs of a batch one by one: which of them did it. */
const blame = (start: number, end: number, wrong: readonly string[]): void => {
  problems.push(`inputs ${start} to ${end}: ${wrong.join('; ')}`)
  for (let index = start; index < end; index++) {
    execute(index)
    const own = settle()
    if (own.length > 0) problems.push(`input ${index}: ${own.join('; ')}`)
  }
}

const reportAt = (at: number): ExecuteReport => ({
  at,
  executed: at - from,
  refused,
  removed: removedAll,
  totals,
  maxRssMiB: Math.ceil(process.resourceUsage().maxRSS / 1024),
  problems: problems.slice(0, 20),
})

const table = mountTable()
if (table !== mountinfo().join('\n') + '\n')
  throw new Error('threads do not begin in one namespace')
let at = from
while (at < to && problems.length < 20) {
  const end = Math.min(at + BATCH, to)
  for (let index = at; index < end; index++) execute(index)
  const wrong = settle()
  if (wrong.length > 0) blame(at, end, wrong)
  if (mountTable() !== table) problems.push(`inputs ${at} to ${end}: the mount table changed`)
  at = end
  print(reportAt(at))
}
