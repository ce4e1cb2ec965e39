import fs from 'node:fs'
import path from 'node:path'
import { formatLine, openRunLog, type Format } from '../../../src/cli/run-log.js'
import { runLogIn } from '../../../src/cli/arguments.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'

const sys = new Sys(loadAddon(inRepo('dist')))
const FORMATS: readonly Format[] = ['json', 'text']
const lineOf = (format: Format, text: string): string =>
  formatLine(format, { level: 'error', text }, Date.UTC(2026, 10, 26, 4, 30))

const LINES = { json: lineOf('json', 'one'), text: lineOf('text', 'one') }

/** Whether it was opened; then two lines more are in it. */
const append = (t: Test, file: string, format: Format): boolean => {
  const fd = openRunLog(sys, { file, format })
  if (fd === undefined) return false
  t.teardown(() => fs.closeSync(fd))
  fs.writeSync(fd, lineOf(format, 'two'))
  return true
}

test('the shapes that callers of runc read', (t) => {
  t.strictSame(JSON.parse(LINES.json), {
    level: 'error',
    msg: 'one',
    time: '2026-11-26T04:30:00.000Z',
  })
  t.equal(LINES.text, 'time="2026-11-26T04:30:00.000Z" level=error msg="one"\n')
  t.equal(lineOf('json', 'a "b"').split('\n').length, 2, 'one line')
})

test('a new file is root’s alone, an empty one and a log are continued', (t) => {
  for (const format of FORMATS) {
    const long = lineOf(format, 'x'.repeat(200_000))
    const dir = t.testdir({
      empty: '',
      log: LINES[format],
      long: LINES[format] + long + LINES[format],
    })
    for (const name of ['new', 'empty', 'log', 'long'])
      t.ok(append(t, path.join(dir, name), format), `${format}: ${name}`)
    t.equal(fs.statSync(path.join(dir, 'new')).mode & 0o777, 0o600)
    t.equal(fs.readFileSync(path.join(dir, 'log'), 'utf8'), LINES[format] + lineOf(format, 'two'))
  }
  const runc = '{"level":"error","msg":"x","time":"2026-11-26T04:30:00Z","extra":1}\n'
  t.ok(append(t, path.join(t.testdir({ runc }), 'runc'), 'json'), 'one of runc')
})

test('whatever else is there is left as it is', (t) => {
  for (const format of FORMATS) {
    const others = {
      'config.json': '{"ociVersion":"1.0.2","root":{"path":"rootfs"}}\n',
      cut: LINES[format].slice(0, -1),
      'first line': `criu-gc: one\n${LINES[format]}`,
      'last line': `${LINES[format]}x\n`,
      'other format': LINES[format === 'json' ? 'text' : 'json'],
      'no line': 'x'.repeat(100_000),
      array: '[]\n',
      null: 'null\n',
    }
    const dir = t.testdir(others)
    for (const [name, text] of Object.entries(others)) {
      t.notOk(append(t, path.join(dir, name), format), `${format}: ${name}`)
      t.equal(fs.readFileSync(path.join(dir, name), 'utf8'), text, name)
    }
  }
})

test('what somebody else made, or what has another name, is not ours', (t) => {
  const dir = t.testdir({ forged: LINES.json, named: LINES.json })
  fs.linkSync(path.join(dir, 'named'), path.join(dir, 'other'))
  refuses(t, () => append(t, path.join(dir, 'named'), 'json'), 'usage', /is not a regular file/)
  if (process.geteuid?.() !== 0) return
  fs.chownSync(path.join(dir, 'forged'), 1234, 1234)
  t.notOk(append(t, path.join(dir, 'forged'), 'json'))
})

test('refused: through a link, no regular file, a name of CRIU’s, an image', (t) => {
  const dir = t.testdir({ real: { log: LINES.json }, image: Buffer.from('16313158', 'hex') })
  fs.symlinkSync('real', path.join(dir, 'folder'))
  fs.symlinkSync('real/log', path.join(dir, 'link'))
  fs.writeFileSync(path.join(dir, 'copy'), Buffer.from('16313158', 'hex'))
  for (const [name, message] of [
    ['folder/log', /behind a symbolic link/],
    ['link', /cannot be opened \(ELOOP\)/],
    ['real', /cannot be opened|not a regular file/],
    ['nowhere/log', /its directory \(ENOENT\)/],
    ['real/dump.log', /name of a file of CRIU/],
    ['real/stats-dump', /name of a file of CRIU/],
    ['real/x.img', /name of a file of CRIU/],
    ['copy', /is an image of CRIU/],
  ] as const)
    refuses(t, () => append(t, path.join(dir, name), 'json'), 'usage', message)
  t.strictSame(fs.readdirSync(path.join(dir, 'real')), ['log'], 'nothing was made')
  t.equal(fs.readFileSync(path.join(dir, 'real/log'), 'utf8'), LINES.json)
})

test('the option, also on a line with mistakes', (t) => {
  t.strictSame(runLogIn(['shwo', '--frobnicate', '--log', '/l', '--log-format=json']), {
    file: '/l',
    format: 'json',
  })
  t.strictSame(runLogIn(['show', '--log=/a', '--log', '/b']), { file: '/b', format: 'text' })
  t.equal(runLogIn(['show', '-o', 'x', '--log-file', 'y']), undefined, 'another option')
  t.equal(runLogIn(['--log', '/l', '--help']), undefined, 'nothing is done')
  t.equal(runLogIn(['show', '--log', 'a\ufffd']), undefined, 'no name that can be opened')
  refuses(t, () => runLogIn(['show', '--log-format', 'json']), 'usage', /without --log/)
  refuses(t, () => runLogIn(['show', '--log', 'x', '--log-format', 'xml']), 'usage', /"json" or/)
  refuses(t, () => runLogIn(['show', '--log', '']), 'usage', /is empty/)
  refuses(t, () => runLogIn(['show', '--log', 'x', '-L', 'x']), 'usage', /one file/)
})
