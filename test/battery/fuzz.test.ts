// Damaged and hostile images, millions where that is asked for: nothing but a clear refusal or a plan that
// keeps to the rules, in little memory and time; and many carried out where it shows what they remove.
import fs from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inside } from '../rig/inner.js'
import { FUZZ, SEED } from './counts.js'
import type { DecodeReport } from './fuzz/decode.js'
import type { ExecuteReport } from './fuzz/execute.js'
import type { TruncationReport } from './fuzz/truncate.js'
import { progress } from './progress.js'
import { runScript, type Ended, type ScriptOptions } from './script.js'

const WORKERS = availableParallelism()
const { decodes: DECODES, executions: EXECUTIONS } = FUZZ
const MIB = 256

/** Each script says now and then which input is next. */
const say = progress('inputs')
const follow = (ats: number[], worker: number) => (line: unknown) => {
  ats[worker] = (line as { executed: number }).executed
  say(sum(ats, (at) => at))
}

/** `count` inputs in as many processes as there are cores; what each of them said last. */
const divide = <T>(
  script: string,
  count: number,
  more: (worker: number) => (string | number)[],
  options: ScriptOptions,
): Promise<Ended<T>[]> => {
  const share = Math.ceil(count / WORKERS)
  const ats = Array.from({ length: WORKERS }, () => 0)
  return Promise.all(
    Array.from({ length: WORKERS }, (_, worker) => {
      const [from, to] = [worker * share, Math.min((worker + 1) * share, count)]
      const args = [SEED, from, to, ...more(worker)]
      return runScript<T>(import.meta.url, script, args, {
        ...options,
        onLine: follow(ats, worker),
      })
    }),
  )
}

/** Ended by itself, with nothing to complain of; its last line. */
const judge = <T extends { problems: readonly string[] }>(t: Test, ended: Ended<T>): T => {
  const last = ended.lines.at(-1)
  const at = `seed ${SEED}, ${JSON.stringify({ ...last, problems: undefined })}`
  t.notOk(ended.silent, `no input without an end; ${at}`)
  t.equal(ended.code, 0, `${ended.stderr.slice(0, 2000)} ${at}`)
  t.strictSame(last?.problems, [], `seed ${SEED}`)
  if (last === undefined) throw new Error('it said nothing')
  return last
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number =>
  list.reduce((total, one) => total + of(one), 0)

const tests = async (): Promise<void> => {
  t.comment(`seed ${SEED}: CRIU_GC_SEED=${SEED} gives the same inputs again`)

  await t.test('every image of every recorded dump, cut at every byte', async (t) => {
    const options = { onLine: (line: unknown) => say((line as TruncationReport).cuts) }
    const ended = await runScript<TruncationReport>(import.meta.url, './fuzz/truncate', [], options)
    const { dumps, cuts, refused } = judge(t, ended)
    t.ok(cuts > 50_000, 'all of them')
    t.comment(`${cuts} cuts of ${dumps} dumps, ${refused} refused`)
  })

  await t.test(`${DECODES} mutated dumps are decoded and planned`, async (t) => {
    const all = await divide<DecodeReport>('./fuzz/decode', DECODES, () => [], {})
    const reports = all.map((ended) => judge(t, ended))
    t.equal(
      sum(reports, ({ executed }) => executed),
      DECODES,
    )
    const memory = Math.max(...reports.map(({ maxRssMiB }) => maxRssMiB))
    t.ok(memory <= MIB, `${memory} MiB of ${MIB}`)
    // A mutation that nothing gets past tests the first check only.
    const reaching = sum(reports, ({ reaching }) => reaching)
    t.ok(reaching > DECODES / 10, `${reaching} plans reach a link`)
    const refused = sum(reports, (report) => report.refused)
    const slowest = Math.max(...reports.map(({ slowestMs }) => slowestMs))
    const reached = sum(reports, (report) => report.reached)
    t.comment(`${refused} refused, ${reaching} plans reach ${reached} links`)
    t.comment(`at most ${slowest} ms and ${memory} MiB`)
  })

  await t.test(`${EXECUTIONS} mutated dumps are carried out in a jail`, async (t) => {
    if (process.getuid?.() !== 0) {
      t.pass('not carried out', { skip: 'needs root' })
      return
    }
    const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-jail-'))
    const jail = (worker: number): string[] => {
      const path = join(folder, String(worker))
      fs.mkdirSync(path)
      return [path]
    }
    const all = await divide<ExecuteReport>('./fuzz/execute', EXECUTIONS, jail, { isolated: true })
    const reports = all.map((ended) => judge(t, ended))
    t.equal(
      sum(reports, ({ executed }) => executed),
      EXECUTIONS,
    )
    const memory = Math.max(...reports.map(({ maxRssMiB }) => maxRssMiB))
    t.ok(memory <= MIB, `${memory} MiB of ${MIB}`)
    const removed = sum(reports, (report) => report.removed)
    t.ok(removed > EXECUTIONS / 10, `${removed} links were removed`)
    t.comment(`${sum(reports, ({ refused }) => refused)} refused, ${removed} links removed`)
    fs.rmSync(folder, { recursive: true })
  })
}

// Only what is carried out needs root.
if (process.getuid?.() === 0) await inside(import.meta.url, tests)
else await tests()
