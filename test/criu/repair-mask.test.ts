// The signals that a program itself blocked stay blocked where a core image says which ones: a dump that is killed has none yet
// of the thread in hand, but one before it into the same directory has left its own. In mount and process namespaces.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PTRACE_SETSIGMASK } from '../../src/sys/constants.js'
import type { JsonReport, JsonResidue } from '../../src/report/schema.js'
import { compile } from '../rig/compile.js'
import { dump, errors, skipReason, tryDump } from '../rig/criu.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { startProgram, type Program } from '../rig/program.js'

const skip = skipReason() ?? false

const USR1 = '0000000000000200'
const BOTH = '0000000000000a00'
const CRIUS = 'fffffffffffbfeef'
const NONE = '0000000000000000'

const start = (t: Test): Promise<Program> =>
  startProgram(t, [compile('residue.c', '-pthread'), 'usr'], 'echo "ended $?";')

/** of each thread, the first one first */
const masks = ({ pid }: Program): string[] =>
  readdirSync(`/proc/${pid}/task`).map((tid) => {
    const text = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1')
    return /^SigBlk:\t(\w+)$/m.exec(text)?.[1] ?? ''
  })

const folderOf = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'criu-gc-mask-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

const killed = (t: Test, { pid }: Program, images: string, nth: number): void => {
  const killAt = { request: PTRACE_SETSIGMASK, pid, nth }
  t.equal(tryDump({ pid, images, killAt }).code, -1, errors({ images }, 'dump.log'))
}

const whole = ({ pid }: Program, images: string): void => {
  dump({ pid, images, extra: ['--leave-running'] })
}

const signals = (word: 'show' | 'clean', { pid }: Program, images: string): JsonResidue => {
  const args = ['-D', images, '--pid', String(pid), '--repair', 'signals']
  const { report, stderr } = runGc(word, args)
  const rows = (report as JsonReport | undefined)?.residue.filter((one) => one.kind === 'signals')
  const [row] = rows ?? []
  if (row === undefined) throw new Error(stderr)
  return row
}

const tests = (): void => {
  t.test('the core image of a dump before', async (t) => {
    const program = await start(t)
    t.strictSame(masks(program), [USR1, BOTH])
    const images = folderOf(t)
    whole(program, images)
    killed(t, program, images, 5)
    t.strictSame(masks(program), [CRIUS, BOTH])
    const shown = signals('show', program, images)
    t.match(shown, { verdict: 'would-remove', message: /, as core images say, stay blocked then$/ })
    t.match(signals('clean', program, images), { verdict: 'removed' })
    t.strictSame(masks(program), [USR1, BOTH])
    program.kill('SIGUSR1')
    whole(program, folderOf(t))
    t.strictSame(masks(program), [USR1, BOTH], 'it waits, and lives')
    program.kill('SIGTERM')
    t.equal(await program.line(), 'ended 143')
  })

  t.test('no core image, or an empty one: none is blocked, and said', async (t) => {
    for (const [nth, core] of [
      [5, undefined],
      // of two threads: that of the first one is written with the end of its task
      [13, 0],
    ] as const) {
      const program = await start(t)
      const images = folderOf(t)
      killed(t, program, images, nth)
      t.strictSame(masks(program), [CRIUS, BOTH])
      const stat = statSync(join(images, `core-${program.pid}.img`), { throwIfNoEntry: false })
      t.equal(stat?.size, core)
      t.match(signals('clean', program, images), {
        ...{ verdict: 'removed', message: /is not known: none is blocked then$/ },
      })
      t.strictSame(masks(program), [NONE, BOTH])
    }
  })

  t.test('a core image from before it was started is that of another process', async (t) => {
    const program = await start(t)
    const images = folderOf(t)
    whole(program, images)
    killed(t, program, images, 5)
    const core = join(images, `core-${program.pid}.img`)
    utimesSync(core, 1e9, 1e9)
    t.match(signals('clean', program, images), { message: /is not known/ })
    t.strictSame(masks(program), [NONE, BOTH])
  })
}

if (skip === false) await inside(import.meta.url, tests, { more: OWN_PROCESSES })
else t.pass(skip, { skip })
