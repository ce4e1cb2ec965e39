// What dumps that were really killed left in a living program, undone by --repair: the program goes on, and the next dump of
// it succeeds. The same made by somebody else is left. In mount and network namespaces of its own.
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { PTRACE_SEIZE, PTRACE_SETSIGMASK } from '../../src/sys/constants.js'
import type { UndoOptions } from '../../src/network/undo.js'
import { undoResidue } from '../../src/residue/undo.js'
import { loadAddon } from '../../src/sys/addon.js'
import { Sys } from '../../src/sys/sys.js'
import type { JsonReport, JsonResidue } from '../../src/report/schema.js'
import { attempt } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { errors, skipReason, tryDump, type KillAt } from '../rig/criu.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { mount, OWN_PROCESSES, unmount } from '../rig/namespace.js'
import { startProgram, type Program } from '../rig/program.js'
import { inRepo } from '../rig/repo.js'

const skip = skipReason() ?? false

const start = (t: Test, ...words: readonly string[]): Promise<Program> =>
  startProgram(t, [compile('residue.c', '-pthread'), ...words], 'echo "ended $?";')

const folderOf = (t: Test, remove: (folder: string) => void = removeAll): string => {
  const folder = mkdtempSync(join(tmpdir(), 'criu-gc-repair-'))
  t.teardown(() => {
    remove(folder)
  })
  return folder
}

const removeAll = (folder: string): void => {
  rmSync(folder, { recursive: true })
}

const killed = (
  t: Test,
  { pid }: Program,
  killAt: KillAt,
  extra: readonly string[] = [],
): string => {
  const images = folderOf(t)
  const done = tryDump({ pid, images, extra: ['--tcp-established', ...extra], killAt })
  t.equal(done.code, -1, `killed\n${errors({ images }, 'dump.log')}`)
  return images
}

const look = (word: 'show' | 'clean', { pid }: Program, ...more: string[]): JsonReport => {
  const { report, stderr } = runGc(word, ['--pid', String(pid), ...more])
  if (report?.residue === undefined) throw new Error(stderr)
  return report as JsonReport
}

const inWords = ({ verdict, reason }: JsonResidue): string =>
  reason === undefined ? verdict : `${verdict} ${reason}`

/** what became of that kind; "nothing" where there was none */
const of = (kind: JsonResidue['kind'], report: JsonReport): string =>
  report.residue
    .filter((one) => one.kind === kind)
    .map(inWords)
    .join(', ') || 'nothing'

const muted = ({ pid }: Program): boolean =>
  /^SigBlk:\tfffffffffffbfeef$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))

const nextDump = (t: Test, { pid }: Program): void => {
  const images = folderOf(t)
  const done = tryDump({ pid, images, extra: ['--tcp-established'] })
  t.equal(done.code, 0, `the next dump\n${errors({ images }, 'dump.log')}`)
}

/** the N-th time that CRIU sets the signals of that process */
const setting = ({ pid }: Program, nth: number): KillAt => ({
  ...{ request: PTRACE_SETSIGMASK, pid, nth },
})

const signals = (): void => {
  t.test(
    "killed in the first call in a program: without CRIU's memory its log tells",
    async (t) => {
      const program = await start(t, 'tcp')
      const images = killed(t, program, setting(program, 1))
      t.ok(muted(program))
      t.equal(of('signals', look('clean', program, '--repair', 'signals')), 'kept foreign')
      t.equal(of('signals', look('show', program, '-D', images)), 'kept unasked')
      t.ok(muted(program), 'nobody asked for it')
      const report = look('clean', program, '-D', images, '--repair', 'signals')
      t.equal(of('signals', report), 'removed')
      t.notOk(muted(program))
      t.equal(of('signals', look('show', program, '-D', images, '--repair', 'signals')), 'nothing')
      t.equal(await program.echo(), 'echoed')
      nextDump(t, program)
    },
  )

  t.test("killed later: CRIU's memory is in it, and no images are needed", async (t) => {
    const program = await start(t, 'tcp')
    killed(t, program, setting(program, 5))
    t.ok(muted(program))
    program.kill('SIGTERM')
    t.equal(await program.echo(), 'echoed', 'it does not hear it')
    const report = look('clean', program, '--repair', 'signals')
    t.equal(of('signals', report), 'removed')
    t.equal(of('parasite', report), 'kept named')
    t.equal(await program.line(), 'ended 143', 'what had waited')
  })

  t.test('every other time that CRIU sets them', async (t) => {
    for (const nth of [3, 7, 9, 11]) {
      const program = await start(t, 'tcp')
      const images = killed(t, program, setting(program, nth))
      t.ok(muted(program), `the ${nth}-th time`)
      t.equal(of('signals', look('clean', program, '-D', images, '--repair=signals')), 'removed')
      t.equal(await program.echo(), 'echoed')
      program.kill('SIGTERM')
      t.equal(await program.line(), 'ended 143', 'signals reach it')
    }
  })

  t.test('a program that blocks just these itself, and a killed dump of another one', async (t) => {
    const other = await start(t)
    const images = killed(t, other, setting(other, 1))
    const program = await start(t, 'mute')
    for (const word of ['show', 'clean'] as const)
      t.equal(of('signals', look(word, program, '-D', images, '--repair=signals')), 'kept foreign')
    t.ok(muted(program))
  })

  t.test('a program that blocks all of its signals itself is not named', async (t) => {
    const program = await start(t, 'full')
    t.equal(of('signals', look('show', program, '--repair=signals')), 'nothing')
  })
}

/** a cgroup of its own in each version that can freeze here */
const cgroups = (
  t: Test,
  use: (t: Test, version: 1 | 2, folder: string, file: string) => Promise<void>,
) => {
  for (const [version, type, file] of [
    [1, ['-t', 'cgroup', '-o', 'freezer', 'none'], 'freezer.state'],
    [2, ['-t', 'cgroup2', 'none'], 'cgroup.freeze'],
  ] as const)
    t.test(`cgroups of version ${version}`, async (t) => {
      // whatever is mounted there is never walked through
      const place = folderOf(t, rmdirSync)
      if (attempt('mount', [...type, place]).code !== 0) {
        t.comment('they cannot be mounted here')
        return
      }
      t.teardown(() => {
        unmount(place)
      })
      const folder = join(place, basename(place))
      mkdirSync(folder)
      t.teardown(() => rmdirSync(folder))
      if (existsSync(join(folder, file))) await use(t, version, folder, join(folder, file))
      else t.comment('they cannot be frozen here')
    })
}

const STATES = { 1: ['THAWED', 'FROZEN'], 2: ['0', '1'] } as const

const freezer = (t: Test): void => {
  cgroups(t, async (t, version, folder, file) => {
    const [thawed, frozen] = STATES[version]
    const state = (): string => readFileSync(file, 'latin1').trim()
    const program = await start(t, 'tcp')
    writeFileSync(join(folder, 'cgroup.procs'), String(program.pid))
    // in the order of teardowns this comes first: nothing ends in a frozen cgroup
    t.teardown(() => {
      writeFileSync(file, thawed)
    })
    const freezing = ['--freeze-cgroup', folder]
    const seizing = { request: PTRACE_SEIZE, pid: program.pid, nth: 1 }
    const images = killed(t, program, seizing, freezing)
    t.equal(state(), frozen)

    t.equal(of('freezer', look('show', program, '-D', images)), 'kept unasked')
    t.equal(of('freezer', look('clean', program, '--repair=freezer')), 'kept foreign', 'no log')
    const shown = look('show', program, '-D', images, '--repair=freezer')
    t.equal(of('freezer', shown), 'would-remove')
    t.equal(shown.exit.name, 'leftovers')
    t.equal(state(), frozen)
    t.equal(of('freezer', look('clean', program, '-D', images, '--repair=freezer')), 'removed')
    // what is frozen never answers
    if (state() !== thawed) throw new Error(`${file} is ${state()}`)
    t.equal(await program.echo(), 'echoed')

    writeFileSync(file, frozen)
    const paused = killed(t, program, seizing, freezing)
    const asked = look('clean', program, '-D', paused, '--repair=freezer')
    t.equal(of('freezer', asked), 'kept foreign', 'it had been paused before that dump')
    t.equal(state(), frozen)
    const other = look('clean', program, `--repair=freezer:${folder}x`)
    t.equal(of('freezer', other), 'kept foreign')
    t.equal(of('freezer', look('clean', program, `--repair=freezer:${folder}`)), 'removed')
    // what is frozen never answers
    if (state() !== thawed) throw new Error(`${file} is ${state()}`)
    t.equal(await program.echo(), 'echoed')
    nextDump(t, program)
  })
}

/** what becomes of them, of which `look` in a pid namespace cannot say that nobody has something mounted there */
const undo = (kind: 'unlink' | 'rmdir', place: string, how: Partial<UndoOptions> = {}): string => {
  const finding = { kind: 'yards', what: '', where: place, act: { kind, place } } as const
  const sys = new Sys(loadAddon(inRepo('dist')))
  const options = { remove: true, isInterrupted: () => false, ...how }
  const [row] = undoResidue(sys, [finding], options)
  return [row?.verdict, row?.reason, row?.message].filter((word) => word !== undefined).join(' ')
}

const litter = (t: Test): void => {
  const folder = folderOf(t)
  const make = (name: string): string => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }
  const empty = make('.criu.mntns.empty0')
  t.equal(undo('rmdir', empty, { remove: false }), 'would-remove')
  t.match(undo('rmdir', empty, { isInterrupted: () => true }), 'kept interrupted')
  t.ok(existsSync(empty))
  t.equal(undo('rmdir', empty), 'removed')
  t.notOk(existsSync(empty))
  t.equal(undo('rmdir', empty), 'removed', 'somebody else was faster')

  const filled = make('.criu.mntns.filled')
  writeFileSync(join(filled, 'file'), '')
  t.equal(undo('rmdir', filled), 'failed it is not as it was when it was found')
  t.ok(existsSync(filled))

  const theirs = make('.criu.mntns.theirs')
  chownSync(theirs, 65534, 65534)
  t.match(undo('rmdir', theirs), 'failed it is not as it was')
  const link = join(folder, '.criu.mntns.a_link')
  symlinkSync(make('target'), link)
  t.match(undo('rmdir', link), 'failed it is not as it was')
  t.ok(existsSync(join(folder, 'target')))

  const mounted = make('.criu.mntns.mount0')
  mount('-t', 'tmpfs', 'tmpfs', mounted)
  t.equal(undo('rmdir', mounted), 'failed EBUSY')
  unmount(mounted)

  const cache = join(folder, 'criu.kdat.tmp')
  writeFileSync(cache, 'contents')
  t.match(undo('unlink', cache), 'failed it is not as it was')
  writeFileSync(cache, '')
  t.equal(undo('unlink', cache), 'removed')
  t.notOk(existsSync(cache))
}

const kerndat = async (t: Test): Promise<void> => {
  const place = '/run/criu.kdat.tmp'
  mount('-t', 'tmpfs', 'tmpfs', '/run')
  t.teardown(() => {
    unmount('/run')
  })
  const program = await start(t, 'tcp')
  killed(t, program, { made: place })
  t.equal(statSync(place).size, 0)
  t.equal(of('kerndat', look('clean', program)), 'kept unasked')
  t.ok(existsSync(place))
  t.equal(of('kerndat', look('clean', program, '--repair', 'kerndat')), 'removed')
  t.notOk(existsSync(place))
  nextDump(t, program)
  t.ok(existsSync('/run/criu.kdat'), 'CRIU has its cache again')
}

const tests = (): void => {
  t.test('empty directories and files, and what only looks like them', (t) => {
    litter(t)
    t.end()
  })
  t.test('a dump that was killed before it had written its cache', kerndat)
  attempt('ip', ['link', 'set', 'lo', 'up'])
  signals()
  t.test('a cgroup that a dump froze', (t) => {
    freezer(t)
    t.end()
  })
}

if (skip === false) await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
else t.pass(skip, { skip })
