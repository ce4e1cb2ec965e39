// A run that cannot be done says what lacks, by name, and touches nothing; a mistake in the command line keeps its exit code
// when nobody can be told.
import fs from 'node:fs'
import t from 'tap'
import { execute } from '../rig/execute.js'
import { cleared, commandLine } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { Scene } from './scene.js'
import { KillAt } from './tool.js'

const [USAGE, UNSUPPORTED] = [2, 8]
const ENOSYS = -38

await inside(import.meta.url, async () => {
  const scene = new Scene()
  scene.withRoot()
  scene.link('app', 4)
  scene.dump()
  const under = (...words: string[]): ReturnType<typeof execute> =>
    execute('env', cleared(...words, ...commandLine(scene.clean)))

  await t.test('a system call that is not there', async (t) => {
    const tool = new KillAt()
    for (const call of ['openat2', 'statx']) {
      // The first of ours: Node asks statx, too.
      const done = await tool.run(['answer', 'openat2', call, 1, ENOSYS], scene.clean)
      t.strictSame(done.calls, [call])
      t.equal(done.code, UNSUPPORTED, done.stderr)
      t.match(done.report?.error?.message, `this kernel lacks ${call}`)
      t.match(done.report?.error?.next, 'nothing was touched')
    }
    tool.end()
  })

  await t.test('a capability that is missing', async (t) => {
    for (const name of ['sys_admin', 'setuid', 'setgid', 'setpcap', 'fowner', 'dac_override']) {
      const sets = ['--bounding-set', '--inh-caps'].map((set) => [set, `-${name}`]).flat()
      const done = await under('setpriv', ...sets)
      t.equal(done.code, UNSUPPORTED, `${name}: ${done.stderr}`)
      const { message = '', next = '' } = done.report?.error ?? {}
      const named = `CAP_${name.toUpperCase()}`
      t.match(message, `${named} is missing`)
      t.notMatch(message.replace(named, ''), /CAP_/, 'and no other')
      t.match(next, `run it with ${named}`)
    }
  })

  await t.test('/proc with nothing but processes', async (t) => {
    const script = 'mount -t proc -o subset=pid proc /proc && exec "$@"'
    const done = await under('unshare', '--mount', 'sh', '-c', script, 'sh')
    t.equal(done.code, UNSUPPORTED, done.stderr)
    t.match(done.report?.error?.message, 'subset=pid')
  })

  await t.test('no /proc at all', async (t) => {
    const script = 'mount -t tmpfs none /proc && exec "$@"'
    const done = await under('unshare', '--mount', 'sh', '-c', script, 'sh')
    t.equal(done.code, UNSUPPORTED, done.stderr)
    t.match(done.report?.error?.message, '/proc is not mounted')
  })

  await t.test('a mistake that nobody can be told', async (t) => {
    const mistake = commandLine(['clean', '--no-such-option'])
    for (const script of [
      'exec "$@" 2>/dev/full',
      'exec "$@" 2>&-',
      '{ "$@"; echo $? >&3; } 2>&1 | :',
    ]) {
      const words = ['sh', '-c', script, 'sh', ...mistake]
      const done = await execute('env', cleared(...words))
      const code = script.includes('&3') ? Number(done.calls[0]) : done.code
      t.equal(code, USAGE, script)
    }
  })

  t.ok(
    scene.leftovers.every((link) => fs.existsSync(link)),
    'nothing was touched',
  )
  scene.end()
})
