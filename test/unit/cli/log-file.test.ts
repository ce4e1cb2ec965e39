import fs from 'node:fs'
import path from 'node:path'
import { openLog, PREFIX } from '../../../src/cli/log-file.js'
import { COMMON_MAGIC, MAGIC, SERVICE_MAGIC } from '../../../src/images/magic.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test, type Test } from '../support/check.js'

const sys = new Sys(loadAddon(inRepo('dist')))

const open = (t: Test, workDir: string, name: string): number | undefined => {
  const fd = openLog(sys, workDir, name)
  if (fd !== undefined) t.teardown(() => fs.closeSync(fd))
  return fd
}

const write = (t: Test, workDir: string, name: string, text: string): void => {
  const fd = open(t, workDir, name)
  if (fd === undefined) t.fail(`${name} was not opened`)
  else fs.writeSync(fd, text)
}

test('a new file is root’s alone', (t) => {
  const dir = t.testdir({ sub: {} })
  for (const name of ['new.log', './x.log', 'sub/x.log', path.join(dir, 'sub/absolute.log')]) {
    write(t, dir, name, `${PREFIX}one\n`)
    const file = path.resolve(dir, name)
    t.equal(fs.readFileSync(file, 'utf8'), 'criu-gc: one\n', name)
    t.equal(fs.statSync(file).mode & 0o777, 0o600)
  }
})

test('a log of ours is continued, and so is an empty file', (t) => {
  const dir = t.testdir({ ours: `${PREFIX}one\n`, empty: '' })
  for (const name of ['ours', 'empty']) write(t, dir, name, `${PREFIX}two\n`)
  t.equal(fs.readFileSync(path.join(dir, 'ours'), 'utf8'), 'criu-gc: one\ncriu-gc: two\n')
  t.equal(fs.readFileSync(path.join(dir, 'empty'), 'utf8'), 'criu-gc: two\n')
})

test('nothing else is opened for writing', (t) => {
  const contents = {
    'restore.log': '(00.000000) Version: 4.2.1\n',
    short: 'criu-gc',
    other: 'xcriu-gc: one\n',
  }
  const dir = t.testdir(contents)
  for (const [name, text] of Object.entries(contents)) {
    t.equal(open(t, dir, name), undefined, name)
    t.equal(fs.readFileSync(path.join(dir, name), 'utf8'), text)
  }
})

test('what somebody else made is not ours, whatever it says', (t) => {
  if (process.geteuid?.() !== 0) return
  const dir = t.testdir({ forged: `${PREFIX}one\n`, empty: '' })
  for (const name of ['forged', 'empty']) {
    fs.chownSync(path.join(dir, name), 1234, 1234)
    t.equal(open(t, dir, name), undefined, name)
  }
})

test('no link is followed, and nothing beside the work directory opened', (t) => {
  const base = t.testdir({
    work: { folder: {}, victim: `${PREFIX}precious` },
    outside: { log: `${PREFIX}precious` },
  })
  const work = path.join(base, 'work')
  const at = (name: string): string => path.join(work, name)
  fs.symlinkSync('victim', at('symlink'))
  fs.linkSync(at('victim'), at('hard'))
  fs.symlinkSync('nowhere', at('dangling'))
  fs.symlinkSync('../outside', at('out'))
  fs.symlinkSync('folder', at('in'))
  const names = ['symlink', 'hard', 'dangling', 'folder', 'nowhere/x', 'out/log', 'in/x', 'folder/']
  for (const name of names) {
    const error = refuses(t, () => openLog(sys, work, name), 'usage', /the log file/, name)
    t.match(error?.next, /^nothing was touched;/)
  }
  refuses(t, () => openLog(sys, work, 'hard'), 'usage', /is not a regular file/)
  for (const name of ['../outside/log', path.join(base, 'outside/log'), '..', '.', '/'])
    refuses(t, () => openLog(sys, work, name), 'usage', /is not below the work directory/, name)
  const error = refuses(t, () => openLog(sys, work, '/var/log/x'), 'usage', /not below/)
  t.match(error?.next, '-W /var/log')
  refuses(t, () => openLog(sys, at('missing'), 'x'), 'usage', /cannot be opened \(ENOENT\)/)
  t.equal(fs.readFileSync(at('victim'), 'utf8'), `${PREFIX}precious`)
  t.equal(fs.readFileSync(path.join(base, 'outside/log'), 'utf8'), `${PREFIX}precious`)
  t.strictSame(fs.readdirSync(at('folder')), [])
  t.notOk(fs.existsSync(at('nowhere')))
})

test('no image is a log file', (t) => {
  const word = (value: number): Buffer => {
    const data = Buffer.alloc(4)
    data.writeUInt32LE(value)
    return data
  }
  const words = [COMMON_MAGIC, SERVICE_MAGIC, ...Object.values(MAGIC)].map(word)
  const dir = t.testdir({ 'files.img': 'x' })
  for (const name of ['files.img', 'new.img']) {
    const error = refuses(
      t,
      () => openLog(sys, dir, name),
      'usage',
      /the log file has the name of an image/,
    )
    t.equal(error?.where, path.join(dir, name))
    t.match(error?.next, /^nothing was touched; give another one with -o/)
  }
  t.equal(fs.readFileSync(path.join(dir, 'files.img'), 'utf8'), 'x')
  t.notOk(fs.existsSync(path.join(dir, 'new.img')))
  for (const data of words) {
    const contents = Buffer.concat([data, Buffer.from('more')])
    fs.writeFileSync(path.join(dir, 'stats-dump'), contents)
    const error = refuses(t, () => openLog(sys, dir, 'stats-dump'), 'usage', /is an image of CRIU/)
    t.match(error?.next, /^nothing was touched;/)
    t.strictSame(fs.readFileSync(path.join(dir, 'stats-dump')), contents)
  }
})
