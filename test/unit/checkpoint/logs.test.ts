import { readLog } from '../../../src/checkpoint/logs.js'
import type { SideFile } from '../../../src/images/side-files.js'
import { HINT_LIMITS } from '../../../src/limits.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'

const ID = '89234f48-c204-498a-b818-789c692ce87b'

const file = (text: string, rest: Partial<SideFile> = {}): SideFile => ({
  id: '1:2',
  path: '/work/dump.log',
  place: 'beside',
  data: Buffer.from(text, 'latin1'),
  mtime: at(1000, 500_000_000),
  btime: at(990),
  ...rest,
})

const dump = (text: string) => readLog(file(text), 'dump')
const restore = (text: string) => readLog(file(text), 'restore')

test('how a dump ended', (t) => {
  const ended = (text: string) => dump(text).ended
  t.equal(ended('(14.591882) Dumping finished successfully\n'), 'finished')
  t.equal(ended('(00.1)\n(00.546914) Error (criu/cr-dump.c:1975): Dumping FAILED.\n'), 'failed')
  t.equal(ended('(00.546914) Dumping FAILED.\n(00.546915) and more\n'), 'failed')
  t.equal(ended('(00.546914) Dumping finished successfully (00.5)\n'), 'unknown')
  t.equal(ended('(00.546914) Pre-dumping finished successfully\n'), 'unknown')
  t.equal(ended('(00.546914) Error (a.c:1): Pre-dumping FAILED.\n'), 'unknown')
  t.equal(ended('(00.546914) Dumping path for 3 fd [/x Dumping FAILED.]\n'), 'unknown')
  t.equal(ended('Dumping FAILED.\n'), 'unknown', 'without a time stamp')
  t.equal(ended('(00.546914) Restore finished successfully. Tasks resumed.\n'), 'unknown')
  t.equal(ended(''), 'unknown')
})

test('how a restore ended', (t) => {
  const ended = (text: string) => restore(text).ended
  t.equal(
    ended('(00.034000) Restore finished successfully. Tasks resumed.\n(00.034001) Writing stats\n'),
    'finished',
  )
  t.equal(
    ended('(00.643635) Error (criu/cr-restore.c:2331): Restoring FAILED.\n(00.672415) x\n'),
    'failed',
  )
  t.equal(ended('(00.546914) Dumping FAILED.\n'), 'unknown')
  t.equal(ended('(00.5)\n'), 'unknown')
})

test('when it was begun: the last stamp tells', (t) => {
  const begun = (text: string) => dump(text).begun
  t.strictSame(begun('(00.000000) a\n(14.250000) b\n'), at(986, 250_000_000))
  t.strictSame(begun('(02.500000) b'), at(998))
  t.strictSame(begun('(02.500000) b\npie: 1: no stamp\n\n'), at(998))
  t.strictSame(begun('\n (09.000000) not at the beginning of its line'), at(1000, 500_000_000))
  t.strictSame(begun(''), at(1000, 500_000_000))
  t.strictSame(dump('').written, at(1000, 500_000_000))
  t.strictSame([dump('').stamped, dump('(00.000001) x').stamped], [false, true])
})

test('whose run it was', (t) => {
  const found = restore(`(00.000000) CRIU run id = a-1
(00.000000) CRIU run id = b-2
(00.011994) Dump CRIU run id = ${ID}
(00.011995) x CRIU run id = c-3
`)
  t.strictSame([found.runIds, found.dumpRunIds], [['a-1', 'b-2'], [ID]])
})

test('links that were in the way', (t) => {
  const line = (path: string) =>
    `(00.307805) Error (criu/files-reg.c:1159): Can't link remap to ${path}: File exists\n`
  const { fileExists } = dump(
    `${line('/app/orig.0')}${line('/a: File exists')}${line('/\xff')}${line('/app/orig.0')}` +
      "(00.3) Can't link remap to /x: File exists\n" +
      `${line(`/${'x'.repeat(4096)}`)}${line('/d').replace('exists', 'not found')}`,
  )
  t.strictSame(fileExists, ['/app/orig.0', '/a: File exists', '/\xff'])
  const many = Array.from({ length: 1000 }, (_, index) => line(`/${index}`)).join('')
  t.equal(dump(many).fileExists.length, HINT_LIMITS.names)
})

test('tasks that went on', (t) => {
  const resumed = (state: number) => dump(`(00.653860) Unfreezing tasks into ${state}\n`).resumed
  t.strictSame([1, 2, 3, 11].map(resumed), [true, false, false, false])
})

test('a log of errors and warnings only cannot tell of a good end', (t) => {
  t.equal(dump('(00.1) Error (a.c:1): x\n(00.200000) Warn  (b.c:2): y\n').verbose, false)
  t.equal(dump('(00.100000) Error (a.c:1): x\n(00.200000) Error y\n').verbose, false)
  t.equal(dump('(00.100000) Warn  (a.c:1): x\n(00.200000) y\n').verbose, true)
})

test('no text takes long', (t) => {
  const size = HINT_LIMITS.logHead + HINT_LIMITS.logTail
  const fill = (text: string) => text.repeat(size / text.length)
  for (const part of [
    '(',
    '(00',
    '(00.000000) ',
    '(00.000000) Error (',
    "(00.000000) Error (a): Can't link remap to : File exists",
    '\n',
    '(00.000000) \n',
    `(00.000000) CRIU run id = ${ID}\n`,
  ]) {
    const begun = performance.now()
    restore(fill(part))
    dump(fill(part))
    const taken = performance.now() - begun
    t.ok(taken < 1000, `${JSON.stringify(part)}: ${Math.ceil(taken)} ms`)
  }
})

test('files without a name that a dump had done with', (t) => {
  const file = (name: string): string =>
    `(00.039585) Dumping path for 3 fd via self 18 [${name} (deleted)]\n` +
    `(00.039590) Strip ' (deleted)' tag from '.${name} (deleted)'\n`
  t.strictSame(dump(file('/w/f0') + file("/w/it's") + file('/last')).done, ['/w/f0', "/w/it's"])
  const open = '(00.040390) Dumping path for -3 fd via self 21 [/dev/null]\n'
  t.strictSame(dump(file('/w/f0') + file('/w/f1') + open).done, ['/w/f0', '/w/f1'])
  t.strictSame(dump(file('/w/f0')).done, [], 'killed right there, it may be')
  t.strictSame(
    dump(`x Strip ' (deleted)' tag from './f (deleted)'\n${open}`).done,
    [],
    'not of CRIU',
  )
  t.strictSame(restore(file('/w/f0') + open).done, [])
})

test('the files without a name that a dump came to, where its log names each', (t) => {
  const file = (path: string) =>
    `(00.1) Strip ' (deleted)' tag from '.${path} (deleted)'\n`.replace('00.1', '00.100000')
  const run = `(00.000040) CRIU run id = ${ID}\n`
  t.strictSame(dump(run).unlinked, [], 'the fourth level of verbosity, and none yet')
  t.strictSame(dump(run + file('/w/f0') + file('/last')).unlinked, ['/w/f0', '/last'])
  t.strictSame(dump(file('/w/f0')).unlinked, ['/w/f0'], 'releases that do not name the run')
  t.equal(dump('(00.000040) Dumping processes\n').unlinked, undefined, 'another level says less')
  const long = `${' '.repeat(99)}\n`.repeat((HINT_LIMITS.logHead + HINT_LIMITS.logTail) / 100)
  t.equal(
    dump(run + file('/w/f0') + long).unlinked,
    undefined,
    'of a longer one a part is left out',
  )
})

test('the cgroup that it froze: by the state that it says of it right behind', (t) => {
  const froze = (name: string, next: string) =>
    dump(`(00.1)\n(00.045109) freezing cgroup ${name}: 100 x 100ms attempts, timeout: 10s\n${next}`)
      .froze
  t.equal(froze('/c/a: b', '(00.045191) freezer.state=THAWED\n'), '/c/a: b')
  t.equal(froze('/c/pod', '(00.045191) cgroup.freeze=0\n(00.045192) cgroup.freeze=1\n'), '/c/pod')
  for (const before of [
    '(00.045191) freezer.state=FROZEN\n',
    '(00.045191) cgroup.freeze=1\n(00.045192) cgroup.freeze=0\n',
    '(00.045191) another line\n(00.045191) cgroup.freeze=0\n',
    '',
  ])
    t.equal(froze('/c/pod', before), undefined, before)
  t.equal(froze('pod', '(00.045191) cgroup.freeze=0\n'), undefined, 'no path')
  const named = 'Dumping path for 3 fd via self 4 [/freezing cgroup /c: 1 x 1ms attempts'
  t.equal(dump(`(00.1) ${named}, timeout: 1s\n(00.2) cgroup.freeze=0\n`).froze, undefined)
})

test('processes that it came to, where it names each', (t) => {
  const dumping = (text: string) => dump(text).dumping
  const task = (pid: number, comm = 'sh') =>
    `(00.310000) Dumping task (pid: ${pid} comm: ${comm})\n`
  t.strictSame(dumping(task(12) + task(13, ') Dumping task (pid: 7 comm: x')), [12, 13])
  t.strictSame(dumping(`(00.000000) CRIU run id = ${ID}\n(00.1) Seized task 12, state 1\n`), [])
  t.equal(dumping('(00.100000) Warn  (criu/x.c:1): said little\n'), undefined)
  t.equal(restore(task(12)).dumping, undefined)
  const long = task(12) + 'x'.repeat(HINT_LIMITS.logHead + HINT_LIMITS.logTail)
  t.equal(dumping(long), undefined, 'something was left out')
})
