// The command starts the program with what V8 made of it, and without where that is not of this program, of this
// Node, or in the hands of others.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attempt, must } from './rig/command.js'
import { commandLine } from './rig/gc.js'
import { needs } from './rig/needs.js'
import { MORE, refused } from './rig/program-parts.js'
import { criuGc, inRepo, node, program } from './rig/repo.js'

const skip = process.getuid?.() === 0 ? false : 'needs root'
const CACHE = 'program.cache'

/** a package of its own, made by the Node that runs it */
const packaged = (t: Test): string => {
  const base = t.testdir({ dist: {} })
  fs.symlinkSync(inRepo('build'), join(base, 'build'))
  const dist = join(base, 'dist')
  for (const file of [criuGc, program]) fs.copyFileSync(file, join(dist, file.split('/').pop()!))
  must('env', ['-i', node, inRepo('scripts', 'cache.mjs'), dist])
  return dist
}

/** what it says with -v of images whose container is not there */
const says = (dist: string): string => {
  const args = ['show', '-v', '-D', inRepo('test', 'sample', 'images')]
  const { code, stderr } = attempt('env', ['-i', ...commandLine(args, join(dist, 'criu-gc.cjs'))])
  return `${code} ${stderr}`
}

const PLAIN = /^3 (?!.*code cache).* link remaps: /s

t.test('both parts need no more of Node than what is loaded with it', (t) => {
  const text = fs.readFileSync(program, 'latin1')
  const modules = [...text.matchAll(/^var \w+ = .*require\("(?:node:)?([^"]+)"\)/gm)]
  t.strictSame([...new Set(modules.map(([, name]) => name))].sort(), ['fs', 'path', 'util'])
  t.end()
})

t.test('with a cache, and without', { skip }, (t) => {
  const dist = packaged(t)
  t.match(says(dist), PLAIN)
  fs.rmSync(join(dist, CACHE))
  t.match(says(dist), PLAIN)
  t.end()
})

t.test('the cache of another program of the same length', { skip }, (t) => {
  const dist = packaged(t)
  const file = join(dist, 'program.cjs')
  const text = fs.readFileSync(file, 'latin1')
  const changed = text.replaceAll('} link remap', '} LINK remap')
  t.not(changed, text)
  fs.writeFileSync(file, changed)
  const said = says(dist)
  t.match(said, /7 LINK remaps: /, 'what is there runs')
  t.match(said, /the code cache is not used: it was made of another program/)
  t.end()
})

t.test('a cache that was cut, and a program that has grown', { skip }, (t) => {
  const dist = packaged(t)
  const file = join(dist, CACHE)
  const whole = fs.readFileSync(file)
  for (const length of [0, 100, whole.length - 1]) {
    fs.writeFileSync(file, whole.subarray(0, length))
    const said = says(dist)
    t.match(said, /the code cache is not used: it was made of another program/)
    t.match(said, /7 link remaps: /)
  }
  fs.writeFileSync(file, whole)
  fs.appendFileSync(join(dist, 'program.cjs'), '\n')
  t.match(says(dist), /the code cache is not used: it was made of another program/)
  t.end()
})

t.test('a cache that V8 refuses', { skip }, (t) => {
  const dist = packaged(t)
  const file = join(dist, CACHE)
  const data = fs.readFileSync(file)
  // The hash of its version is in the first words.
  for (let at = 0; at < 64; at++) data[at] = (data[at] ?? 0) ^ 0xff
  fs.writeFileSync(file, data)
  const said = says(dist)
  t.match(said, /the code cache was made by another Node\.js than v\d+/)
  t.match(said, /7 link remaps: /)
  t.end()
})

t.test('a cache that others may write, or a link', { skip }, (t) => {
  const dist = packaged(t)
  const file = join(dist, CACHE)
  fs.chmodSync(file, 0o666)
  t.match(says(dist), /the code cache is not used: everybody may write it/)
  fs.chmodSync(file, 0o644)
  fs.chownSync(file, 12345, 0)
  t.match(says(dist), /the code cache is not used: it belongs to user 12345/)
  fs.chownSync(file, 0, 0)
  fs.renameSync(file, join(dist, 'other'))
  fs.symlinkSync('other', file)
  t.match(says(dist), /the code cache is not used: ELOOP/)
  t.end()
})

t.test('the cache of the build is one that this Node takes', (t) => {
  t.strictSame(refused(program, inRepo('dist', CACHE)), [false, false], 'of both parts')
  t.end()
})

/** the program with another second part */
const withSecond = (dist: string, second: string): void => {
  const file = join(dist, 'program.cjs')
  const text = fs.readFileSync(file, 'latin1')
  const begin = text.indexOf(MORE) + MORE.length
  fs.writeFileSync(file, text.slice(0, begin) + second)
  must('env', ['-i', node, inRepo('scripts', 'cache.mjs'), dist])
}

t.test('what only some runs need is in the second part', (t) => {
  const text = fs.readFileSync(program, 'latin1')
  const begin = text.indexOf(MORE)
  for (const room of ['runtimes', 'residue', 'images/archive', 'host/living', 'host/below']) {
    t.ok(text.indexOf(`\n// src/${room}/`, begin) > 0, room)
    // A file of a room may hold nothing but a name that all need.
    t.ok([...text.slice(0, begin).matchAll(RegExp(`// src/${room}/`, 'g'))].length < 3, room)
  }
  t.end()
})

t.test('the second part is not even compiled where it is not needed', { skip }, (t) => {
  const dist = packaged(t)
  withSecond(dist, '(function () { throw new Error("the second part was run") })')
  t.match(says(dist), PLAIN)
  const command = commandLine(['list'], join(dist, 'criu-gc.cjs'))
  t.match(attempt('env', ['-i', ...command]).stderr, /the second part was run/)
  t.end()
})

const strace = skip || needs('strace')

t.test('nothing is loaded any more once privileges were given up', { skip: strace }, (t) => {
  const base = fs.realpathSync(t.testdir({ rootfs: { file: '' } }))
  const rootfs = join(base, 'rootfs')
  fs.linkSync(join(rootfs, 'file'), join(rootfs, 'link_remap.1'))
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const runs = [
    ['clean', '-D', inRepo('test', 'sample', 'images'), '--root', rootfs],
    ['clean', '-D', inRepo('test', 'sample', 'images'), '--log', join(base, 'log')],
    ['scan', rootfs, '--since', '@1', '--remove'],
    ['clean', '--pid', String(child.pid)],
  ]
  for (const [index, args] of runs.entries()) {
    const trace = join(base, `trace.${index}`)
    const calls = ['-f', '-o', trace, '-e', 'trace=open,openat,seccomp']
    attempt('env', ['-i', 'strace', ...calls, ...commandLine(args)])
    const lines = fs.readFileSync(trace, 'latin1').split('\n')
    const last = lines.findLastIndex((line) => /program\.c(js|ache)"/.test(line))
    const filter = lines.findIndex((line) => line.includes('SECCOMP_SET_MODE_FILTER'))
    t.ok(last > 0, args.join(' '))
    // Where nothing was to do, nothing was given up.
    t.ok(filter < 0 || last < filter, `${args.join(' ')}: ${last}, ${filter}`)
    if (index !== 3) t.ok(filter > 0, `${args.join(' ')}: privileges were given up`)
  }
  t.end()
})

t.test('the second part of another program', { skip }, (t) => {
  const dist = packaged(t)
  const file = join(dist, CACHE)
  const whole = fs.readFileSync(file)
  // A byte of its text, in front of the lengths.
  whole[whole.length - 100] = (whole[whole.length - 100] ?? 0) ^ 1
  fs.writeFileSync(file, whole)
  const command = commandLine(['list'], join(dist, 'criu-gc.cjs'))
  t.match(attempt('env', ['-i', ...command]), { code: 0, stderr: /containers?, / }, 'is not taken')
  t.end()
})
