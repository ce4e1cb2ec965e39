// Which logs are believed to be about the images. Times: the dump began at 100 s, wrote its inventory at 110
// and its last image at 110.5.
import fs from 'node:fs'
import path from 'node:path'
import {
  dumpLogOf,
  hintsOf,
  restoreLogsOf,
  whose,
  type DumpFacts,
} from '../../../src/checkpoint/hints.js'
import type { Log } from '../../../src/checkpoint/logs.js'
import type { Moments } from '../../../src/checkpoint/times.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import type { Time } from '../../../src/time.js'
import { refuses, test, type Test } from '../support/check.js'
import { at, b } from '../support/model.js'

const seconds = (time: number): Time => at(Math.floor(time), Math.round((time % 1) * 1e9))

const moments = (rest: Partial<Moments> = {}): Moments => ({
  inventory: at(110),
  last: seconds(110.5),
  ordered: true,
  wholeSeconds: false,
  doubt: 1,
  newer: [],
  ...rest,
})

const FACTS: DumpFacts = { runId: undefined, whole: true, moments: moments() }

const log = (begun: number, written: number, rest: Partial<Log> = {}): Log => ({
  path: '/w/dump.log',
  place: 'beside',
  ended: 'finished',
  begun: seconds(begun),
  written: seconds(written),
  btime: undefined,
  runIds: [],
  dumpRunIds: [],
  fileExists: [],
  done: [],
  unlinked: undefined,
  froze: undefined,
  dumping: undefined,
  resumed: false,
  verbose: true,
  stamped: true,
  ...rest,
})

test('the name of the run decides, whatever the times are', (t) => {
  const facts = { ...FACTS, runId: b('x') }
  const named = (id: string, rest: Partial<Log> = {}) =>
    whose(log(500, 510, { runIds: [b('w'), b(id)], ...rest }), facts)
  t.equal(named('x'), 'this')
  t.equal(named('y', { ended: 'failed' }), 'later')
  t.equal(whose(log(100, 111, { runIds: [b('y')] }), facts), undefined)
  t.equal(whose(log(100, 111, { runIds: [b('y')], ended: 'failed' }), facts), 'another')
  t.equal(whose(log(100, 111), facts), 'this', 'a log without')
  t.equal(whose(log(100, 111, { runIds: [b('y')] }), FACTS), 'this', 'images without')
})

test('by time: the inventory is written while the log is', (t) => {
  t.equal(whose(log(100, 111), FACTS), 'this')
  t.equal(whose(log(100, 109.1), FACTS), 'this', 'within the doubt')
  t.equal(whose(log(100, 108.9), FACTS), undefined, 'of a dump before')
  t.equal(whose(log(110.9, 112, { ended: 'failed' }), FACTS), 'this', 'within the doubt')
  const later = (begun: number, rest: Partial<Log> = {}) =>
    whose(log(begun, begun + 1, { ended: 'failed', ...rest }), FACTS)
  t.equal(later(111.1), 'later')
  t.equal(later(200), 'later')
  t.equal(later(200, { place: 'named' }), 'later')
  t.equal(later(200, { place: 'work' }), undefined, 'of a dump into another directory')
  t.equal(later(200, { ended: 'finished' }), undefined, 'of a dump into another directory')
  t.equal(later(200, { ended: 'unknown' }), undefined)
})

test('by time: what touched these images was at work here, wherever its log is', (t) => {
  const touched = { ...FACTS, moments: moments({ last: at(201) }) }
  for (const ended of ['finished', 'failed', 'unknown'] as const)
    t.equal(whose(log(200, 202, { ended, place: 'work' }), touched), 'later')
})

test('without an inventory the last image is what counts', (t) => {
  const cut = { ...FACTS, whole: false, moments: moments({ inventory: undefined }) }
  t.equal(whose(log(100, 111, { ended: 'failed' }), cut), 'this')
  t.equal(whose(log(111.6, 112, { ended: 'failed' }), cut), 'later')
  t.equal(whose(log(100, 109.4, { ended: 'failed' }), cut), undefined)
  const none = moments({ inventory: undefined, last: undefined })
  const whoseAlone = (rest: Partial<Log>) => whose(log(100, 111, rest), { ...cut, moments: none })
  t.equal(whoseAlone({}), 'this', 'it died before it wrote one')
  t.equal(whoseAlone({ place: 'named' }), 'this')
  t.equal(whoseAlone({ place: 'work' }), undefined, 'it may be of a dump into another directory')
  t.equal(whoseAlone({ stamped: false }), undefined, 'not a log of CRIU')
})

test('times of a copy tell nothing: a failure beside whole images may be of any dump', (t) => {
  const copy = { ...FACTS, moments: moments({ ordered: false }) }
  t.equal(whose(log(500, 501), copy), 'this')
  t.equal(whose(log(500, 501, { ended: 'failed' }), copy), 'another')
  t.equal(whose(log(500, 501, { ended: 'failed' }), { ...copy, whole: false }), 'this')
  const named = { ...copy, runId: b('x'), whole: false }
  t.equal(whose(log(500, 501, { runIds: [b('y')] }), named), undefined)
  t.equal(whose(log(500, 501, { runIds: [b('y')], ended: 'failed' }), named), 'another')
})

const WRITTEN = seconds(110.5)

const hints = (dump: Parameters<typeof hintsOf>[0], ...restores: Log[]) =>
  hintsOf(dump, restores, WRITTEN)

test('CRIU removed the links of this dump itself', (t) => {
  const rolledBack = (rest: Partial<Log>, of: 'this' | 'later' | 'another' = 'this') =>
    hints({ log: log(100, 111, rest), of }).rolledBack
  t.equal(rolledBack({ ended: 'failed' }), true)
  t.equal(rolledBack({ ended: 'failed' }, 'later'), false)
  t.equal(rolledBack({ ended: 'failed' }, 'another'), false)
  t.equal(rolledBack({ resumed: true }), true, 'left running')
  t.equal(rolledBack({ resumed: false }), false)
  t.equal(rolledBack({ ended: 'unknown', resumed: true }), false)
  t.equal(hints(undefined).rolledBack, false)
})

test('the log of the dump is told, and what stood in its way', (t) => {
  const fileExists = [b('/app/orig.0')]
  t.match(hints({ log: log(200, 201, { ended: 'failed', fileExists }), of: 'later' }), {
    dumpLog: {
      path: '/w/dump.log',
      ended: 'failed',
      begun: at(200),
      written: at(201),
      unlinked: undefined,
    },
    fileExists,
  })
})

test('runs that the log of the dump names', (t) => {
  const runIds = [b('x'), b('y')]
  const runs = (of: 'this' | 'later' | 'another') =>
    hints({ log: log(100, 111, { runIds }), of }).runIds
  t.strictSame(runs('this'), runIds)
  t.strictSame(runs('later'), runIds, 'of the dump that was at work here last')
  t.strictSame(runs('another'), [])
  t.strictSame(hints(undefined).runIds, [])
})

test('a restore that failed or was killed explains the time that it took', (t) => {
  const failures = (begun: number, rest: Partial<Log>) =>
    hints(undefined, log(begun, 210, rest)).failedRestores.map(({ from, to }) => [from, to])
  t.strictSame(failures(200, { ended: 'failed' }), [[at(200), at(210)]])
  t.strictSame(failures(200, { ended: 'failed', verbose: false }), [[at(200), at(210)]])
  t.strictSame(failures(200, { ended: 'unknown' }), [[at(200), at(210)]], 'killed')
  t.strictSame(failures(200, { ended: 'unknown', verbose: false }), [], 'it would not say more')
  t.strictSame(failures(200, { ended: 'finished' }), [])
  const born = (btime: Time, begun = 200) => failures(begun, { ended: 'failed', btime })[0]?.[0]
  t.strictSame(born(at(150)), at(150), 'the file is that of a restore before')
  t.strictSame(born(at(90)), at(200), 'but not of one before the images')
  t.strictSame(born(at(205)), at(200), 'a copy is born later')
  t.strictSame(born(at(205), 110), WRITTEN, 'never before the images')
})

test('a restore that went well: when', (t) => {
  const { restored, failedRestores } = hints(undefined, log(200, 210), log(300, 301), log(220, 230))
  t.strictSame([restored, failedRestores], [at(301), []])
})

/** A log of that name, beside the images or where it is told, begun two seconds before `time`. */
const put = (directory: string, name: string, time: number, text: string): void => {
  const file = path.join(directory, name)
  fs.writeFileSync(file, text)
  fs.utimesSync(file, time, time)
}

const open = (t: Test, directory: string): ImageDirectory => {
  const images = new ImageDirectory(directory)
  t.teardown(() => images.close())
  return images
}

const FAILED = '(00.000000) x\n(02.000000) Error (criu/cr-dump.c:1975): Dumping FAILED.\n'
const FINISHED = '(00.000000) x\n(02.000000) Dumping finished successfully\n'

test('of several logs that of the dump that wrote here last', (t) => {
  const top = t.testdir({ checkpoint: {}, work: {} })
  const inner = path.join(top, 'checkpoint')
  const images = open(t, inner)
  const workDir = path.join(top, 'work')
  const find = (options: Parameters<typeof dumpLogOf>[1] = {}) => {
    const found = dumpLogOf(images, options, FACTS)
    return found === undefined ? undefined : [path.relative(top, found.log.path), found.of]
  }
  t.equal(find(), undefined)
  put(inner, 'dump.log', 111, FINISHED)
  t.strictSame(find(), ['checkpoint/dump.log', 'this'])
  put(workDir, 'dump.log', 111, FINISHED)
  t.strictSame(find({ workDir }), ['work/dump.log', 'this'], 'where CRIU writes it')
  put(workDir, 'dump.log', 50, FINISHED)
  t.strictSame(find({ workDir }), ['checkpoint/dump.log', 'this'], 'that one is old')
  put(top, 'dump.log', 300, FAILED)
  t.strictSame(find({ workDir }), ['dump.log', 'later'], 'podman’s')
  const dumpLog = path.join(workDir, 'other.log')
  put(workDir, 'other.log', 111, FAILED)
  t.strictSame(find({ dumpLog }), ['work/other.log', 'this'], 'only that which is named')
  refuses(t, () => find({ dumpLog: `${top}/none` }), 'usage', /--dump-log cannot be read \(ENOENT/)
})

test('logs of restores of these images, and of no others', (t) => {
  const dir = t.testdir({})
  const images = open(t, dir)
  const SUCCESS = '(00.000000) x\n(02.000000) Restore finished successfully. Tasks resumed.\n'
  const found = (facts: Partial<DumpFacts> = {}) =>
    restoreLogsOf(images, {}, { ...FACTS, ...facts }, WRITTEN).length
  t.equal(found(), 0)
  for (const [time, count] of [
    [200, 1],
    [112, 1],
    [111.6, 1],
    [111.4, 0],
    [50, 0],
  ] as const) {
    put(dir, 'restore.log', time, SUCCESS)
    t.equal(found(), count, `ended at ${time}`)
  }
  const copy = { moments: moments({ ordered: false }) }
  put(dir, 'restore.log', 112, SUCCESS)
  t.equal(found(copy), 0, 'copied with its images')
  put(dir, 'restore.log', 113, SUCCESS)
  t.equal(found(copy), 1, 'made after the copy')
  put(dir, 'restore.log', 50, `(00.000001) Dump CRIU run id = x-1\n${SUCCESS}`)
  t.equal(found({ runId: b('x-1') }), 1, 'these, it says itself')
  put(dir, 'restore.log', 200, `(00.000001) Dump CRIU run id = x-1\n${SUCCESS}`)
  t.equal(found({ runId: b('x-2') }), 0, 'others, it says itself')
  t.equal(found(), 1)
  put(dir, 'restore.log', 200, 'not a log of CRIU')
  t.equal(found(), 0)
  const none = { restoreLog: `${dir}/none` }
  refuses(t, () => restoreLogsOf(images, none, FACTS, WRITTEN), 'usage', /--restore-log cannot/)
})

test('files for which a dump that was killed had made its link', (t) => {
  const done = [b('/app/orig')]
  t.strictSame(hints({ log: log(200, 201, { ended: 'unknown', done }), of: 'this' }).done, done)
  t.strictSame(hints({ log: log(200, 201, { ended: 'unknown', done }), of: 'later' }).done, done)
  t.strictSame(hints({ log: log(200, 201, { ended: 'unknown', done }), of: 'another' }).done, [])
  for (const ended of ['failed', 'finished'] as const)
    t.strictSame(hints({ log: log(200, 201, { ended, done }), of: 'this' }).done, [], ended)
})
