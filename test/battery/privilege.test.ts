// What the program may do at the moment of a deletion, what of its caller's environment reaches it, and
// how its addon was linked.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { must } from '../rig/command.js'
import { execute, run } from '../rig/execute.js'
import { cleared } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { criuGc, inRepo, node } from '../rig/repo.js'
import { Scene } from './scene.js'
import { descriptorsOf, statusProblems } from './status.js'
import { KillAt } from './tool.js'

const oneLink = (): Scene => {
  const scene = new Scene()
  scene.withRoot()
  scene.link('app', 4)
  return scene.dump()
}

const chown = (path: string, uid: number): void => {
  fs.chownSync(path, uid, uid)
}

/** what the compiler has defined with the flags of binding.gyp */
const compiled = (): string => {
  const text = fs.readFileSync(inRepo('binding.gyp'), 'utf8')
  const flags = [...text.matchAll(/'(-[UD]_FORTIFY_SOURCE[^']*)'/g)].map(([, flag]) => flag ?? '')
  const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-flags-'))
  const source = join(folder, 'empty.cc')
  fs.writeFileSync(source, '')
  const done = spawnSync('c++', ['-O2', ...flags, '-dM', '-E', source], { encoding: 'utf8' })
  fs.rmSync(folder, { recursive: true })
  return done.stdout
}

await inside(import.meta.url, async () => {
  await t.test('while it deletes', async (t) => {
    const tool = new KillAt()
    const scene = oneLink()
    const inherited = fs.openSync('/etc', 'r')
    let problems: string[] = ['not looked at']
    let descriptors: string[] = []
    const look = (pid: number): void => {
      problems = statusProblems(pid)
      descriptors = descriptorsOf(pid)
    }
    const descriptorsAndGroups = { descriptors: [inherited], groups: '7,8' }
    const done = await tool.pause('unlinkat', scene.clean, look, descriptorsAndGroups)
    fs.closeSync(inherited)
    t.strictSame(problems, [], 'two capabilities in one thread, none in the others')
    // Our own lead to images and trees of the scene, to mount namespaces, to what is remembered of clean-ups
    // and to what Node waits with.
    const known =
      /^(anon_inode:|pipe:|mnt:\[|\/$|\/dev\/null$|\/root$)|criu-gc-world-|^\/root\/app|^\/run\/criu-gc\//
    t.strictSame(
      descriptors.filter((target) => !known.test(target)),
      [],
      'no descriptor of the caller',
    )
    t.equal(done.code, 0, done.stderr)
    t.notOk(fs.existsSync(scene.leftovers[0] ?? ''), 'and it deletes')
    scene.end()
    tool.end()
  })

  await t.test('locks of whoever was there before', async (t) => {
    const tool = new KillAt()
    const scene = oneLink()
    const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-locks-'))
    t.teardown(() => {
      fs.rmSync(folder, { recursive: true })
    })
    const holder = join(folder, 'hold-locks')
    const source = inRepo('test', 'battery', 'hold-locks.c')
    must('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', holder, source])
    const left: string[] = []
    const look = (pid: number): void => {
      const inodes = new Map(
        ['flock', 'ofd', 'posix'].map((name) => [fs.statSync(join(folder, name)).ino, name]),
      )
      for (const line of fs.readFileSync('/proc/locks', 'latin1').split('\n')) {
        const [, kind = '', inode = ''] = /^\d+: (\S+) .*:(\d+) 0 EOF$/.exec(line) ?? []
        const name = inodes.get(Number(inode))
        if (name !== undefined) left.push(`${name} ${kind}`)
      }
      left.push(...descriptorsOf(pid).filter((target) => target.startsWith(folder)))
    }
    const done = await tool.pause('unlinkat', scene.clean, look, { under: [holder, folder] })
    t.equal(done.code, 0, done.stderr)
    const of = (name: string): string => join(folder, name)
    t.strictSame(left.sort(), [
      ...[of('flock'), of('ofd'), of('posix'), of('posix'), of('posix')],
      ...['flock FLOCK', 'ofd OFDLCK', 'posix POSIX'],
    ])
    scene.end()
    tool.end()
  })

  await t.test('two capabilities suffice', async (t) => {
    const scene = new Scene()
    scene.withRoot()
    const closed = scene.link('closed', 4)
    const sticky = scene.link('sticky', 6)
    const inside = scene.link('closed/deeper', 8)
    for (const file of [closed, sticky, inside]) chown(file, 1234)
    for (const dir of ['closed/deeper', 'closed']) {
      chown(scene.dir('rootfs', dir), 1234)
      fs.chmodSync(scene.dir('rootfs', dir), 0o700)
    }
    chown(scene.dir('rootfs/sticky'), 5678)
    fs.chmodSync(scene.dir('rootfs/sticky'), 0o1777)
    scene.dump()
    const done = await run(scene.clean)
    t.equal(done.code, 0, done.stderr)
    t.strictSame(scene.gone(), scene.leftovers, "in others' closed and sticky directories")
    scene.end()
  })

  await t.test('the environment', async (t) => {
    const scene = oneLink()
    const canary = join(scene.base, 'canary')
    const script = join(scene.base, 'canary.cjs')
    fs.writeFileSync(script, `require('fs').writeFileSync(${JSON.stringify(canary)}, 'sung')\n`)
    const options = `NODE_OPTIONS=--require=${script}`
    const start = (variables: string[], words: string[]): ReturnType<typeof execute> =>
      execute('env', cleared(...variables, ...words))
    const withNode = [node, criuGc, ...scene.clean]

    for (const variable of [
      options,
      'NODE_PATH=/nowhere',
      `NODE_COMPILE_CACHE=${scene.base}/cache`,
      'LD_PRELOAD=/nowhere.so',
    ]) {
      const [name = ''] = variable.split('=')
      const done = await start([variable], withNode)
      t.equal(done.code, 5, `${name}: refused`)
      const { message = '' } = done.report?.error ?? {}
      t.match(message, name, 'and named')
      t.strictSame(scene.gone(), [], 'nothing was touched')
    }
    t.ok(fs.existsSync(canary), 'because it acts before the program does')
    fs.rmSync(canary)

    const allowed = await start(['NODE_PATH=/nowhere'], [...withNode, '--allow-environment'])
    t.equal(allowed.code, 0, `--allow-environment: ${allowed.stderr}`)
    t.strictSame(scene.gone(), scene.leftovers, 'it ran')

    scene.reset()
    const direct = await start([options, 'NODE_PATH=/nowhere'], [criuGc, ...scene.clean])
    t.equal(direct.code, 0, `the command itself: ${direct.stderr}`)
    t.strictSame(scene.gone(), scene.leftovers, 'it ran')
    t.notOk(fs.existsSync(canary), 'and was not steered')

    scene.reset()
    const library = pathToFileURL(inRepo('dist', 'index.js')).href
    const call = `import { clean } from ${JSON.stringify(library)}
      const { exit } = await clean(JSON.parse(process.argv[1]))
      console.log(exit.name)`
    const words = [
      process.execPath,
      '--input-type=module',
      '-e',
      call,
      JSON.stringify({ imagesDir: scene.images, root: scene.root }),
    ]
    const called = await start([options, 'LD_PRELOAD=', 'NODE_DEBUG=x'], words)
    t.equal(called.stdout, 'clean\n', `the library: ${called.stderr}`)
    t.strictSame(scene.gone(), scene.leftovers, 'it ran')
    t.ok(fs.existsSync(canary), 'in a process that was steered')
    scene.end()
  })

  t.test('what is left of root can delete a file, and nothing else', (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-dropped-'))
    for (const name of ['file', 'link']) fs.writeFileSync(join(folder, name), 'precious\n')
    fs.mkdirSync(join(folder, 'empty'))
    const script = inRepo('out', 'test', 'battery', 'dropped.inner.js')
    const words = cleared(node, script, folder)
    const found = JSON.parse(must('env', words)) as Record<string, number | boolean>
    const { landlock, ...attempts } = found
    // Without Landlock nothing sees the flags of openat2(2).
    const EACCES = landlock === true ? -13 : undefined
    const EPERM = -1
    t.match(attempts, {
      look: true,
      ...(EACCES === undefined ? {} : { write: EACCES, truncate: EACCES, create: EACCES }),
      openat: EPERM,
      mkdir: EPERM,
      removeDirectory: EPERM,
      unlink: 0,
    })
    const expected = ['empty', 'file', ...(landlock === true ? [] : ['made'])]
    t.strictSame(fs.readdirSync(folder).sort(), expected)
    if (landlock === true) t.equal(fs.readFileSync(join(folder, 'file'), 'utf8'), 'precious\n')
    fs.rmSync(folder, { recursive: true })
    t.end()
  })

  t.test('the addon is hardened', (t) => {
    const addon = inRepo('build', 'Release', 'syscalls.node')
    t.match(must('readelf', ['-d', addon]), /BIND_NOW/, 'all symbols are bound at its start')
    const segments = must('readelf', ['-lW', addon])
    t.match(segments, /GNU_RELRO/, 'tables are read-only after that')
    t.match(segments, /GNU_STACK.* RW +0x/, 'the stack cannot be executed')
    t.match(must('readelf', ['--dyn-syms', '-W', addon]), /__stack_chk_fail/, 'stack protector')
    // Fortified calls need an object of known size and a length that is not. Here every call into the
    // C library either has both proven (memcpy into a path) or takes the caller's memory, whose size the
    // compiler cannot know: so none is left, and what can be checked is that the level was on.
    t.match(compiled(), /^#define _FORTIFY_SOURCE 2$/m, 'fortified')
    t.end()
  })
})
