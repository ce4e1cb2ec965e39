// Guards are alive: without any one of the checks on the way to a deletion, at least one case goes wrong.
// Each case runs with the built command, which has to be right, and with one that lacks the check.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../rig/execute.js'
import { verdicts as verdictsOf } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { hasFuse } from '../rig/mute.js'
import { criuGc, inRepo, program } from '../rig/repo.js'
import { needsChattr } from '../rig/needs.js'
import { GHOST_GUARDS } from './ghost-guards.js'
import { GUARDS, type Guard, type Replacement, type Trial } from './guards.js'
import { LIVING_GUARDS } from './living-guards.js'
import { progress } from './progress.js'
import { SCAN_GUARDS } from './scan-guards.js'
import { SIGNAL_GUARDS } from './signal-guards.js'
import { KillAt } from './tool.js'

/** A name of the source: numbered, or that of another module where the program is loaded in parts. */
const named = (name: string): string =>
  String.raw`(?:\(0,\s*import_\w+\.${name}\d*\)|(?:\bimport_\w+\.)?${name}\d*)`

/** Matches a text of the source in the bundle. */
const pattern = (source: string): RegExp =>
  new RegExp(
    source.replace(/(\s+)|([A-Za-z_]\w*)|([^\w\s])/g, (_, space, name: string | undefined, sign) =>
      space !== undefined ? '\\s*' : name !== undefined ? named(name) : `\\${sign}`,
    ),
    'g',
  )

const once = (text: string, source: string, by: (found: string) => string): string => {
  const found = text.match(pattern(source)) ?? []
  if (found.length !== 1) throw new Error(`${found.length} times in the bundle: ${source}`)
  return text.replace(pattern(source), by)
}

/** Each in a folder of its own, where it finds its addon as it does in dist/. */
class Workshop {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-mutants-'))
  private readonly bundle = fs.readFileSync(program, 'utf8')
  private count = 0

  constructor() {
    const addon = ['build', 'Release', 'syscalls.node']
    fs.mkdirSync(join(this.folder, 'build', 'Release'), { recursive: true })
    fs.copyFileSync(inRepo(...addon), join(this.folder, ...addon))
  }

  /** @throws where a text does not occur, or more than once */
  make(replacements: readonly Replacement[]): string {
    let bundle = this.bundle
    for (const { at, replace, by } of replacements)
      bundle = once(bundle, at ?? replace, (found) => once(found, replace, () => by))
    const folder = join(this.folder, `${++this.count}`)
    fs.mkdirSync(join(folder, 'dist'), { recursive: true })
    fs.symlinkSync(join(this.folder, 'build'), join(folder, 'build'))
    const command = join(folder, 'dist', 'criu-gc.cjs')
    fs.copyFileSync(criuGc, command)
    fs.writeFileSync(join(folder, 'dist', 'program.cjs'), bundle)
    return command
  }

  end(): void {
    fs.rmSync(this.folder, { recursive: true })
  }
}

/** what is wrong with a run of this program; empty is good */
const attempt = async (tool: KillAt, guard: Guard, program: string): Promise<string[]> => {
  const trial: Trial = guard.trial(tool)
  const { scene, code, verdicts, gone = [] } = trial
  try {
    const problems: string[] = []
    const [before, table] = [scene.manifest(), mountinfo()]
    const done = await (trial.run?.(program, problems) ?? run(scene.clean, program))
    problems.push(...onlyRemoved(before, scene.manifest(), [...gone]))
    if (mountinfo().join() !== table.join()) problems.push('the mount table changed')
    if (done.code !== code) problems.push(`exit code ${done.code}: ${done.stderr}`)
    const found = done.report?.remaps && verdictsOf(done)
    if (found?.join() !== verdicts?.join()) problems.push(`verdicts: ${found?.join()}`)
    return problems
  } finally {
    scene.end()
  }
}

/**
 * So many at once, each in namespaces of its own: some look at the mount table, which others change. They
 * wait for most of the time, until something is old enough or has been silent for long enough.
 */
const SHARES = 4

await inside(
  import.meta.url,
  async (share) => {
    const tool = new KillAt()
    const workshop = new Workshop()
    const began = Date.now()
    const say = progress(`guards, ${share + 1} of ${SHARES}`)
    const own = [
      ...GUARDS,
      ...SIGNAL_GUARDS,
      ...LIVING_GUARDS,
      ...SCAN_GUARDS,
      ...GHOST_GUARDS,
    ].filter((_, index) => index % SHARES === share)
    for (const [done, guard] of own.entries()) {
      say(done, own.length)
      const { name, behind = [] } = guard
      const lacksFuse = guard.needsFuse === true && !hasFuse() && 'needs FUSE'
      const skip = lacksFuse || (guard.needsChattr === true && needsChattr())
      await t.test(name, { skip }, async (t) => {
        const whole = behind.length === 0 ? criuGc : workshop.make(behind)
        const mutant = workshop.make([...behind, guard])
        t.strictSame(await attempt(tool, guard, whole), [], 'right with it')
        const problems = await attempt(tool, guard, mutant)
        t.ok(problems.length > 0, `wrong without it: ${problems[0]?.replaceAll('\n', ' ')}`)
      })
    }
    t.comment(`${own.length} guards in ${Date.now() - began} ms`)
    workshop.end()
    tool.end()
  },
  { shares: SHARES },
)
