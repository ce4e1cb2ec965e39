// System calls of the program fail, one at a time and with each of fifteen errors: it says so, does the
// rest, and claims nothing that is not so. What the report says is compared with what is on disk.
import fs from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { errnoName } from '../../src/sys/errno.js'
import { execute, run, type Done } from '../rig/execute.js'
import { cleared, commandLine, verdicts } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import type { Manifest } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { needs } from '../rig/needs.js'
import { ERRNO, isChosen, SEED } from './counts.js'
import { judge, type Problems } from './judge.js'
import { progress } from './progress.js'
import type { Scene } from './scene.js'
import { belowDirectories, heldByATree, tenOnThreeMounts, type Named } from './scenes.js'
import { inParallel, KillAt, WORKERS } from './tool.js'

const ERRORS = (
  'EIO ENOSPC EACCES EPERM EBUSY EROFS ESTALE EINTR EAGAIN ENOMEM EMFILE ENOSYS ELOOP ENOENT ' +
  'EXDEV'
).split(' ') as (keyof typeof os.constants.errno)[]

/** what src/sys can call, by the kernel's names; Node's own calls of the same names are among them */
const CALLS = new Set(
  (
    'unshare setns mount openat openat2 open_tree move_mount mount_setattr fsopen fsconfig fsmount ' +
    'statx unlinkat mkdirat getdents64 readlinkat readlink flock chdir prctl capset setgroups ' +
    'setresuid seccomp ioctl close faccessat2 faccessat fstatfs statfs ' +
    'landlock_create_ruleset landlock_restrict_self rt_sigaction'
  ).split(' '),
)

/** The C library has all threads make these together: one of them alone cannot fail, so all do. */
const ALL_THREADS = new Set(['setgroups', 'setresuid'])

type Phase = 'flock' | 'unshare' | 'chdir' | 'seccomp'

interface Battery {
  readonly named: Named
  /** the parts of a run, by the calls with which they begin */
  readonly phases: readonly Phase[]
  /** Of the deletions, those that fail with every error also where little is done. */
  readonly deletions: (nth: number) => boolean
}

const BATTERIES: readonly Battery[] = [
  // reading and planning; constructing and giving up privileges; deleting
  { named: tenOnThreeMounts, phases: ['flock', 'unshare', 'seccomp'], deletions: () => true },
  // looking at a living tree, which is slow: at all processes of the machine; deleting
  { named: heldByATree, phases: ['unshare', 'seccomp'], deletions: (nth) => nth === 1 },
  // looking below directories, and at all processes and mounts of the machine; giving up privileges; deleting
  {
    named: belowDirectories,
    phases: ['flock', 'chdir', 'seccomp'],
    deletions: (nth) => nth === 1,
  },
]

interface Injection {
  readonly phase: Phase
  readonly call: string
  /** from 1, counted from the beginning of the phase */
  readonly nth: number
  /** what the call answers without being done */
  readonly value: number
}

const describe = ({ phase, call, nth, value }: Injection): string =>
  `${call} ${nth} from ${phase} on: ${value === 0 ? 'success' : errnoName(-value)}`

/** To read a file of /proc Node makes calls of its own, and aborts where it cannot close that file. */
const isNodes = (phase: Phase, call: string): boolean => phase === 'flock' && call === 'close'

/** The same later, where the call that fails is one of its own: how many there are before it depends on the machine. */
const isOfNode = ({ code, stderr }: Done): boolean =>
  code === ABORTED && stderr.includes('uv_fs_close')
const ABORTED = 128 + os.constants.signals.SIGABRT

/** the calls of each phase, as a run makes them that is left alone */
const callsByPhase = (
  calls: readonly string[],
  phases: readonly Phase[],
): Map<Phase, Map<string, number>> => {
  const starts = phases.map((mark) => calls.indexOf(mark))
  return new Map(
    phases.map((phase, index) => {
      const counts = new Map<string, number>()
      for (const call of calls.slice(starts[index], starts[index + 1]))
        if (CALLS.has(call) && !isNodes(phase, call)) counts.set(call, (counts.get(call) ?? 0) + 1)
      return [phase, counts]
    }),
  )
}

/** More than that are about the processes of the machine, of which there are fewer a moment later. */
const MANY = 200

/** the first, a middle and the last one, or every one */
const sample = (count: number): number[] => {
  const last = count > MANY ? Math.ceil(count * 0.9) : count
  return ERRNO.all
    ? Array.from({ length: count }, (_, index) => index + 1)
    : [...new Set([1, Math.ceil((count + 1) / 2), last])]
}

const injections = (calls: readonly string[], { phases, deletions }: Battery): Injection[] => {
  const places = [...callsByPhase(calls, phases)].flatMap(([phase, counts]) =>
    [...counts].flatMap(([call, count]) => sample(count).map((nth) => ({ phase, call, nth }))),
  )
  // Later and earlier ones are Node's own, between its threads.
  const report = { phase: 'seccomp', call: 'write', nth: 1 } as const
  const all = [...places, report].flatMap((place) =>
    ERRORS.map((error) => ({ ...place, value: -os.constants.errno[error] })),
  )
  // There are as many errors for each place, and no step divides their number: each place gets others.
  return all.filter(
    ({ call, nth }, index) =>
      (call === 'unlinkat' && deletions(nth)) || isChosen(index, ERRNO.step),
  )
}

/** success that is none, where somebody would lose something by it */
const lies = (calls: readonly string[], phases: readonly Phase[]): Injection[] =>
  sample(callsByPhase(calls, phases).get('seccomp')?.get('unlinkat') ?? 0).map((nth) => ({
    phase: 'seccomp',
    call: 'unlinkat',
    nth,
    value: 0,
  }))

/** with all threads where they act together: strace counts the calls of each by itself */
const inject = (
  tool: KillAt,
  { phase, call, nth, value }: Injection,
  args: readonly string[],
): Promise<Done> =>
  ALL_THREADS.has(call) && nth === 1
    ? strace(['-f', '-e', `trace=${call}`, '-e', `inject=${call}:error=${-value}:when=1`], args)
    : tool.run(['answer', phase, call, nth, value], args)

const strace = async (options: readonly string[], args: readonly string[]): Promise<Done> => {
  const folder = fs.mkdtempSync(join(os.tmpdir(), 'criu-gc-strace-'))
  const log = join(folder, 'log')
  const words = ['strace', '-qq', '-o', log, ...options, ...commandLine(args)]
  const done = await execute('env', cleared(...words))
  const calls = fs.readFileSync(log, 'latin1').split('\n')
  fs.rmSync(folder, { recursive: true })
  return { ...done, calls: calls.filter((line) => line.includes('INJECTED')) }
}

/** One worker's tree; made again only after something was removed from it. */
class Place {
  readonly scene: Scene
  private before: Manifest | undefined

  constructor({ make }: Named) {
    this.scene = make()
  }

  async try(tool: KillAt, injection: Injection, mountTable: string): Promise<Tried> {
    if (this.before === undefined) this.scene.reset()
    const before = (this.before ??= this.scene.manifest())
    const done = await inject(tool, injection, this.scene.clean)
    const { violations, gone } = this.scene.since(before)
    const problems = isOfNode(done)
      ? [...violations, ...gone.map((link) => `Node gave up, and ${link} is gone`)]
      : [...violations, ...judge(this.scene, injection, done, gone)]
    if (mountinfo().join('\n') !== mountTable) problems.push('the mount table changed')
    const left = this.scene.leftovers.length - gone.length
    if (gone.length > 0) this.before = undefined
    if (gone.length > 0 && left > 0) problems.push(...(await this.again(before)))
    const { code } = done
    return { problems, code, injected: done.calls.length > 0, left }
  }

  /** the same command once more finishes the job */
  private async again(before: Manifest): Promise<Problems> {
    const done = await run(this.scene.clean)
    const { violations, gone } = this.scene.since(before)
    const problems = violations.map((line) => `rerun: ${line}`)
    // what cannot be remembered is not proven
    if (done.code !== 0 && done.code !== 4)
      problems.push(`rerun: exit code ${done.code}: ${done.stderr}${verdicts(done).join()}`)
    if (gone.length < this.scene.leftovers.length) problems.push('rerun: links are left')
    return problems
  }
}

interface Tried {
  readonly problems: Problems
  readonly code: number
  readonly injected: boolean
  readonly left: number
}

const skip = needs('strace')

if (skip !== false) t.pass('injections', { skip })
else
  await inside(import.meta.url, async () => {
    const tool = new KillAt()
    const say = progress('injected')
    t.comment(`every ${ERRNO.step}. injection; CRIU_GC_SEED=${SEED} takes the same ones again`)
    for (const battery of BATTERIES) {
      const { named, phases } = battery
      const began = Date.now()
      const places = Array.from({ length: WORKERS }, () => new Place(named))
      const table = mountinfo().join('\n')
      const first = places[0] as Place
      first.scene.reset()
      const { calls } = await tool.run(['count', phases[0] ?? ''], first.scene.clean)
      const all = [...injections(calls, battery), ...lies(calls, phases)]
      const wrong = new Map<string, string[]>()
      const byCode = new Map<number, number>()
      let [missed, done] = [0, 0]
      await inParallel(all.values(), async (injection, worker) => {
        say(++done, all.length)
        const tried = await (places[worker] as Place).try(tool, injection, table)
        byCode.set(tried.code, (byCode.get(tried.code) ?? 0) + 1)
        if (!tried.injected) missed += 1
        const key = `${injection.phase} ${injection.call}`
        const list = wrong.get(key) ?? []
        if (tried.problems.length > 0)
          list.push(
            `${describe(injection)}: ${tried.problems.slice(0, 4).join('; ')}`.replaceAll(
              '\n',
              ' ',
            ),
          )
        wrong.set(key, list)
      })
      for (const [key, list] of wrong)
        t.strictSame(list, [], `${named.name}, after ${key.replace(' ', ': ')}`)
      const codes = [...byCode].map(([code, count]) => `${count} of ${code}`).join(', ')
      t.ok(missed < all.length / 20, `${missed} calls were not made: a run differs from the next`)
      t.comment(
        `${named.name}: ${all.length} injections in ${Date.now() - began} ms; exit codes: ${codes}`,
      )
      for (const { scene } of places) scene.end()
    }
    tool.end()
  })
