// A ring of io_uring that was made before privileges are given up does nothing afterwards, whether or not the kernel has
// Landlock. That the attempts are real is seen with the denial knocked out of the filter.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attempt, must } from '../rig/command.js'
import { cleared } from '../rig/gc.js'
import { inRepo } from '../rig/repo.js'

type Answers = Record<string, number | boolean>

const [EPERM, EACCES, ENXIO] = [-1, -13, -6]

const library = (folder: string): string => {
  const out = join(folder, 'ring.so')
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
  must('cc', [...flags, '-o', out, inRepo('test', 'battery', 'ring.c')])
  return out
}

/** what each request was answered with, and the names that are in the folder then */
const tryAll = (t: Test, ...words: string[]): { answers: Answers; names: string[] } => {
  const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-ring-'))
  t.teardown(() => {
    fs.rmSync(base, { recursive: true })
  })
  const folder = join(base, 'folder')
  fs.mkdirSync(join(folder, 'empty'), { recursive: true })
  fs.writeFileSync(join(folder, 'old'), 'precious\n')
  const variables = [`LD_PRELOAD=${library(base)}`, `RING_FOLDER=${folder}`]
  const script = inRepo('out', 'test', 'battery', 'ring.inner.js')
  const said = must('env', cleared(...variables, process.execPath, script, ...words))
  return { answers: JSON.parse(said) as Answers, names: fs.readdirSync(folder).sort() }
}

const skip = (): string | false => {
  if (process.getuid?.() !== 0) return 'needs root'
  const disabled = '/proc/sys/kernel/io_uring_disabled'
  if (fs.existsSync(disabled) && fs.readFileSync(disabled, 'utf8').trim() === '2')
    return 'io_uring is disabled'
  return attempt('cc', ['--version']).code === 0 ? false : 'needs a C compiler'
}

const DENIED = {
  rename: EPERM,
  mkdir: EPERM,
  rmdir: EPERM,
  symlink: EPERM,
  create: EPERM,
  socket: EPERM,
  register: EPERM,
  setup: EPERM,
}

t.test('a ring from before', { skip: skip() }, (t) => {
  t.test('does nothing', (t) => {
    for (const words of [[], ['no-landlock']]) {
      const { answers, names } = tryAll(t, ...words)
      t.match(answers, DENIED, words.join())
      t.strictSame(names, ['empty', 'old'], 'and the folder is as it was')
    }
    t.end()
  })

  t.test('does all of it where the filter and Landlock let it', (t) => {
    const { answers, names } = tryAll(t, 'no-landlock', 'knocked-out')
    t.match(answers, { rename: 0, mkdir: 0, rmdir: 0, symlink: 0, register: ENXIO })
    for (const name of ['create', 'socket', 'setup']) t.ok(Number(answers[name]) >= 0, name)
    t.strictSame(names, ['created', 'directory', 'renamed', 'symlink'])
    t.end()
  })

  t.test('makes a socket where Landlock alone is there', (t) => {
    const { answers, names } = tryAll(t, 'knocked-out')
    if (answers.landlock === true) {
      t.match(answers, { rename: EACCES, mkdir: EACCES, rmdir: EACCES, symlink: EACCES })
      t.equal(answers.create, EACCES)
      t.strictSame(names, ['empty', 'old'])
    }
    t.ok(Number(answers.socket) >= 0)
    t.end()
  })
  t.end()
})
