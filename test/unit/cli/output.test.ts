import fs from 'node:fs'
import path from 'node:path'
import type { Arguments } from '../../../src/cli/arguments.js'
import { parseArguments } from '../../../src/cli/arguments.js'
import {
  Log,
  printError,
  writeInformation,
  writeReport,
  writeReportPieces,
} from '../../../src/cli/output.js'
import { printReport } from '../../../src/cli/print.js'
import { GcError } from '../../../src/errors.js'
import { toJson } from '../../../src/report/json.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'
import { OUTCOMES, report, reported } from '../report/build.js'
import { refuses, test, type Test } from '../support/check.js'
import { mapped, mount, namespace } from '../support/model.js'

interface Written {
  out: string
  err: string
}

/** What is written to 1 and 2 while `act` runs; `fail` may throw in the place of a write. */
const capture = (
  t: Test,
  act: () => void,
  fail: (fd: number) => void = () => undefined,
): Written => {
  const parts: readonly Buffer[][] = [[], [], []]
  const { writeSync } = fs
  t.teardown(() => (fs.writeSync = writeSync))
  fs.writeSync = ((fd: number, data: Buffer, at: number) => {
    fail(fd)
    // A pipe takes part of it.
    const part = data.subarray(at, at + 7)
    parts[fd]!.push(Buffer.from(part))
    return part.length
  }) as unknown as typeof fs.writeSync
  try {
    act()
  } finally {
    fs.writeSync = writeSync
  }
  const [, out = '', err = ''] = parts.map((some) => Buffer.concat(some).toString('utf8'))
  return { out, err }
}

/** The kernel's own calls for it: the log file is the only thing that is opened here. */
const sys = new Sys(loadAddon(inRepo('dist')))

const logIn = (workDir: string, logFile: string | undefined): Log => {
  const log = new Log()
  log.open(sys, { logFile, workDir })
  return log
}

const REPORT = report([reported(OUTCOMES['would-remove']), reported(OUTCOMES.absent, 8)])

const print = (t: Test, argv: readonly string[], terminal = false, env = {}): Written => {
  const options: Arguments = parseArguments(['show', '--no-default-config', ...argv], {})
  const before = process.env.NO_COLOR
  t.teardown(() => {
    if (before === undefined) delete process.env.NO_COLOR
    else process.env.NO_COLOR = before
  })
  delete process.env.NO_COLOR
  Object.assign(process.env, env)
  return capture(t, () => printReport(REPORT, options, new Log(), terminal))
}

test('into a pipe: a line a link, the summary beside', (t) => {
  const { out, err } = print(t, [])
  t.equal(out.split('\n').length, 3)
  t.match(out, /^would-remove\t-\t9\t/)
  t.match(err, /^criu-gc: 2 link remaps: 1 would remove, 1 absent.*\n$/)
})

test('to a terminal: a tree, the summary under it, colours', (t) => {
  const { out, err } = print(t, [], true)
  t.match(out, /├─ .*would remove/)
  t.match(out, /\n2 link remaps: .*\n$/)
  t.ok(out.includes('\x1b[33m'))
  t.equal(err, '')
  t.notOk(print(t, [], true, { NO_COLOR: '1' }).out.includes('\x1b['), 'unless NO_COLOR')
  t.ok(
    print(t, [], true, { NO_COLOR: '' }).out.includes('\x1b['),
    'which counts if it is something',
  )
})

test('--plain is the same on a terminal as into a pipe', (t) => {
  t.strictSame(print(t, ['--plain'], true), print(t, []))
})

test('--json is one document and nothing else, whatever else is asked for', (t) => {
  for (const argv of [['--json'], ['--json', '--plain', '-v4']])
    for (const terminal of [true, false]) {
      const { out, err } = print(t, argv, terminal)
      t.equal((JSON.parse(out) as { schema: string }).schema, 'criu-gc/1')
      t.equal(err, '')
    }
})

test('-v adds the images and mounts', (t) => {
  t.notMatch(print(t, []).err, /criu-gc: mount/)
  t.match(print(t, ['-v']).err, /criu-gc: mount 9\/10 \/: --root \/rootfs \(attached\)\n/)
})

test('warnings come before the summary', (t) => {
  const options = parseArguments(['show', '--no-default-config'], {})
  const one = report([], { checkpoint: { notes: ['odd'] } })
  const { err } = capture(t, () => printReport(one, options, new Log(), false))
  t.equal(err, 'criu-gc: odd\ncriu-gc: no link remaps\n')
})

test('a key that the dump does not have is said before the summary', (t) => {
  const namespaces = [namespace(9, [mount(14, '/data', { external: mapped('/data') })])]
  const argv = ['show', '--no-default-config', '--external', 'mnt[/dta]:/x']
  const options = parseArguments(argv, {})
  const one = report([], { checkpoint: { namespaces } })
  const { err } = capture(t, () => printReport(one, options, new Log(), false))
  const [first, second] = err.split('\n')
  t.equal(first, 'criu-gc: no external mount of the dump is called /dta (there are: /data)')
  t.equal(second, 'criu-gc: no link remaps')
})

test('an error: the fact with its place, and what to do', (t) => {
  const error = new GcError('busy', 'held\n\x1b', { where: '/d\n', next: 'wait' })
  const { out, err } = capture(t, () => {
    t.equal(printError(error, 'clean', false, undefined), 'busy')
  })
  t.equal(err, 'criu-gc: /d\\n: held\\n\\x1b\ncriu-gc: wait\n')
  t.equal(out, '')
  const bare = capture(t, () => printError(new GcError('busy', 'held'), 'clean', false, undefined))
  t.equal(bare.err, 'criu-gc: held\n')
})

test('with --json an error is a document too', (t) => {
  const { out, err } = capture(t, () => {
    printError(new GcError('busy', 'held'), 'clean', true, undefined)
  })
  t.hasStrict(JSON.parse(out), { exit: { code: 6, name: 'busy' }, error: { message: 'held' } })
  t.equal(err, 'criu-gc: held\n')
})

test('an error goes to the log file, if there is one', (t) => {
  const workDir = t.testdir({})
  const log = logIn(workDir, 'x.log')
  const file = path.join(workDir, 'x.log')
  printError(new GcError('busy', 'held', { next: 'wait' }), 'clean', false, log)
  t.equal(fs.readFileSync(file, 'utf8'), 'criu-gc: held\ncriu-gc: wait\n')
})

test('"-" is standard error, as without a name', (t) => {
  for (const logFile of [undefined, '-']) {
    const { err } = capture(t, () => logIn('/nowhere', logFile).line('one'))
    t.equal(err, 'criu-gc: one\n')
  }
})

test('progress is ended before anything else is said', (t) => {
  const { err } = capture(t, () => {
    const log = new Log()
    log.line('before')
    log.progress('1 of 2')
    log.progress('2 of 2')
    log.line('one')
    log.line('two')
  })
  t.equal(err, 'criu-gc: before\n\r1 of 2\r2 of 2\ncriu-gc: one\ncriu-gc: two\n')
})

const failing = (code: string, times: number) => {
  let left = times
  return () => {
    if (left-- > 0) throw Object.assign(new Error(code), { code })
  }
}

test('a slow pipe is waited for, a broken one is an error', (t) => {
  const slow = capture(t, () => writeReport('a long report\n'), failing('EAGAIN', 3))
  t.equal(slow.out, 'a long report\n')
  refuses(
    t,
    () => capture(t, () => writeReport('x'), failing('EPIPE', 1)),
    'internal',
    /the report could not be written \(EPIPE\)/,
  )
})

test('a pipe that has no room and does not block is asked again in a while, not without a pause', (t) => {
  const started = process.hrtime.bigint()
  capture(t, () => writeReport('x'), failing('EAGAIN', 5))
  t.ok(process.hrtime.bigint() - started >= 45_000_000n)
})

test('help that cannot be written says nothing of what was removed', (t) => {
  const error = refuses(
    t,
    () => capture(t, () => writeInformation('x'), failing('ENOSPC', 1)),
    'internal',
    /^the text could not be written \(ENOSPC\)$/,
  )
  t.match(error?.next, /^nothing was touched;/)
  t.equal(capture(t, () => writeInformation('usage\n')).out, 'usage\n')
})

test('pieces are gathered, and written before they are too many', (t) => {
  const pieces = Array<string>(50).fill('x'.repeat(10_000))
  const sizes: number[] = []
  const { writeSync } = fs
  t.teardown(() => (fs.writeSync = writeSync))
  fs.writeSync = ((_: number, data: Buffer) => sizes.push(data.length) && data.length) as never
  writeReportPieces(pieces)
  fs.writeSync = writeSync
  t.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    500_000,
  )
  t.ok(sizes.length < 10, `${sizes.length} writes`)
  t.ok(Math.max(...sizes) < 100_000, `of up to ${Math.max(...sizes)} bytes`)
  t.equal(capture(t, () => writeReportPieces([])).out, '')
  t.equal(capture(t, () => writeReportPieces(['a', '', 'é'])).out, 'aé')
})

test('a report that cannot be written is an error, as is one that cannot be made', (t) => {
  const text = 'x'.repeat(100_000)
  for (const pieces of [['x'], [text, 'x']])
    refuses(
      t,
      () => capture(t, () => writeReportPieces(pieces), failing('ENOSPC', 1)),
      'internal',
      /the report could not be written \(ENOSPC\)/,
    )
  const broken = function* (): Generator<string> {
    yield text
    throw new RangeError('a bug')
  }
  t.throws(() => capture(t, () => writeReportPieces(broken())), { message: 'a bug' })
})

test('--json ends with one newline', (t) => {
  const { out } = print(t, ['--json'])
  t.equal(out, `${JSON.stringify(toJson(REPORT), undefined, 2)}\n`)
})

test('a message that cannot be written ends nothing', (t) => {
  const { err } = capture(
    t,
    () => {
      const log = new Log()
      log.line('lost')
      log.line('said')
    },
    failing('EPIPE', 1),
  )
  t.equal(err, 'criu-gc: said\n')
})

test('what the log file does not take goes to standard error, and that is said once', (t) => {
  const workDir = t.testdir({})
  let full = false
  const { err } = capture(
    t,
    () => {
      const log = logIn(workDir, 'x.log')
      log.progress('1 of 2')
      full = true
      log.line('one')
      full = false
      log.text('two\nthree\n')
    },
    (fd) => {
      if (fd > 2 && full) throw Object.assign(new Error('x'), { code: 'ENOSPC' })
    },
  )
  t.equal(
    err,
    '\r1 of 2\ncriu-gc: the log file could not be written (ENOSPC)\n' +
      'criu-gc: one\ncriu-gc: two\ncriu-gc: three\n',
  )
})
