// The examples do what they say: what stands in them is run, with what they allow.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { placeOf } from './hostile/rig.js'
import { cleared } from './rig/gc.js'
import { HandMade, later, ROOT_MOUNT } from './rig/hand-made.js'
import { needs } from './rig/needs.js'
import { criuGc, inRepo, node } from './rig/repo.js'

const root = process.getuid?.() === 0 ? false : 'needs root'
const unit = (name: string): string => inRepo('examples', name)

/** All values of a setting. */
const setting = (name: string): string => {
  const text = fs.readFileSync(unit('criu-gc.service'), 'utf8')
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

/** A docker with one container, whose checkpoint is old. */
const makeDocker = (data: string, made: HandMade): void => {
  const put = (file: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(data, file)), { recursive: true })
    fs.writeFileSync(path.join(data, file), text)
  }
  put('containers/web/config.v2.json', JSON.stringify({ Name: '/web', Driver: 'overlay2' }))
  put('image/overlay2/layerdb/mounts/web/mount-id', 'layer')
  put('overlay2/layer/lower', '')
  put('containers/web/checkpoints/nightly/none', '')
  fs.rmSync(path.join(data, 'containers/web/checkpoints/nightly'), { recursive: true })
  fs.symlinkSync(made.root, path.join(data, 'overlay2/layer/diff'))
  fs.symlinkSync(made.images, path.join(data, 'containers/web/checkpoints/nightly'))
}

t.test(
  'the service needs no more capabilities than it has',
  { skip: root || needs('setpriv', 'util-linux') },
  (t) => {
    const made = new HandMade()
    t.teardown(() => {
      made.end()
    })
    made.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(made.root) })
    const link = made.link('app', 2)
    made.dump()
    later()
    const data = fs.realpathSync(t.testdir({}))
    makeDocker(data, made)
    const [program, ...words] = setting('ExecStart').split(' ')
    t.equal(program, '/usr/sbin/criu-gc', 'where packages have it')
    // What it would take for given up: no test can wait a week.
    const given = words.join(' ').replace('7d', '0s').replace('--keep-last 2', '--keep-last 0')
    t.not(given, words.join(' '))
    const names = setting('CapabilityBoundingSet')
      .split(' ')
      .map((name) => name.toLowerCase().replace('cap_', '+'))
    const run = (kept: readonly string[]): { status: number | null; stderr: string } =>
      spawnSync(
        'setpriv',
        [
          `--bounding-set=-all,${kept.join(',')}`,
          ...['--', 'env', ...cleared(node, criuGc, ...given.split(' '))],
          ...['--runtime', 'docker', '--runtime-root', data],
        ],
        { encoding: 'utf8' },
      )
    const lacking = run(names.filter((name) => name !== '+sys_admin'))
    t.equal(lacking.status, 3, 'without the first of them nothing is done')
    t.ok(fs.existsSync(link))
    const done = run(names)
    t.equal(done.status, 0, done.stderr)
    t.match(done.stderr, /: 1 removed,/)
    t.notOk(fs.existsSync(link))
    t.end()
  },
)

t.test('systemd takes both', { skip: needs('systemd-analyze', 'systemd') }, (t) => {
  // It looks for the program, too, which is not installed here.
  const folder = t.testdir({})
  const text = fs.readFileSync(unit('criu-gc.service'), 'utf8')
  fs.writeFileSync(
    path.join(folder, 'criu-gc.service'),
    text.replace('/usr/sbin/criu-gc', '/bin/true'),
  )
  fs.copyFileSync(unit('criu-gc.timer'), path.join(folder, 'criu-gc.timer'))
  const files = ['criu-gc.service', 'criu-gc.timer'].map((name) => path.join(folder, name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.notMatch(stderr, /criu-gc\.(service|timer)/, 'it has nothing to say of them')
  t.end()
})
