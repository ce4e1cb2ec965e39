// examples/kubernetes/clean-archives, as in its pod: the image is this machine, and the node a file system that has no
// program at all.
import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { placeOf } from '../hostile/rig.js'
import { attempt, must, type Result } from '../rig/command.js'
import { cleared } from '../rig/gc.js'
import { HandMade, later, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mountTables } from '../rig/namespace.js'
import { inRepo, node, repo } from '../rig/repo.js'

const SCRIPT = inRepo('examples/kubernetes/clean-archives')
const KEPT = 'var/lib/kubelet/checkpoints'

/** A container of which nothing is left but its files and an archive of its checkpoint. */
const archived = (top: string, name: string, days: number): { made: HandMade; link: string } => {
  const made = new HandMade()
  made.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(made.root) })
  const link = made.link('app', 2)
  made.dump()
  later()
  const root = `/srv/${name}`
  fs.mkdirSync(join(top, root), { recursive: true })
  made.mount('--bind', made.root, join(top, root))
  const above = join(made.base, 'above')
  fs.mkdirSync(above)
  fs.cpSync(made.images, join(above, 'checkpoint'), { recursive: true, preserveTimestamps: true })
  fs.writeFileSync(join(above, 'spec.dump'), JSON.stringify({ root: { path: root } }))
  fs.writeFileSync(join(above, 'config.dump'), JSON.stringify({ id: name }))
  const archive = join(top, KEPT, `checkpoint-${name}.tar`)
  must('tar', ['--format=posix', '-C', above, '-cf', archive, '.'])
  const then = Date.now() / 1000 - days * 86_400
  fs.utimesSync(archive, then, then)
  return { made, link }
}

const begin = (top: string): void => {
  for (const folder of [KEPT, 'dev', 'mnt', 'proc', 'run', 'srv', 'tmp'])
    fs.mkdirSync(join(top, folder), { recursive: true })
}

await inside(import.meta.url, () => {
  t.test('old archives of a node are cleaned up after, by the paths of the node', (t) => {
    const pod = new HandMade()
    t.teardown(() => {
      pod.end()
    })
    // All that is mounted in the pod goes with it.
    const top = join(pod.base, 'node')
    fs.mkdirSync(top)
    pod.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', top)
    begin(top)
    fs.writeFileSync(join(top, 'dev/null'), '')
    pod.mount('--bind', '/dev/null', join(top, 'dev/null'))
    pod.mount('--bind', '/proc', join(top, 'proc'))
    const old = archived(top, 'old', 8)
    const recent = archived(top, 'recent', 6)
    t.teardown(() => {
      old.made.end()
      recent.made.end()
    })
    fs.writeFileSync(join(top, KEPT, 'checkpoint-broken.tar'), 'no archive')
    fs.utimesSync(join(top, KEPT, 'checkpoint-broken.tar'), 0, 0)
    const trees = [old.made.root, recent.made.root, join(top, KEPT)]
    const run = (...variables: readonly string[]): Result =>
      attempt('env', [
        ...cleared(
          ...variables,
          'HOURS=0',
          `HOST_ROOT=${top}`,
          'NODE_EXPORTER_PORT=tcp://10.0.0.7:9100',
        ),
        ...[`CRIU_GC_HOME=${repo}`, `CRIU_GC_NODE=${fs.realpathSync(node)}`, SCRIPT],
      ])
    const tables = mountTables()
    const before = manifest(...trees)

    const shown = run()
    t.equal(shown.code, 0, shown.stderr)
    t.match(shown.stdout, /^would-remove\t.*\/app\/link_remap\.2\t/m)
    t.match(shown.stdout, /checkpoint-old\.tar: exit code 3\n/)
    t.match(
      shown.stdout,
      /checkpoint-broken\.tar: exit code 7\n/,
      'one that is none stops no other',
    )
    t.notMatch(shown.stdout, /recent/)
    t.strictSame(
      onlyRemoved(before, manifest(...trees), []),
      [],
      'nothing is removed unless it is told to',
    )

    const done = run('ACT=clean')
    t.match(done.stdout, /checkpoint-old\.tar: exit code 0\n/, done.stderr)
    t.strictSame(onlyRemoved(before, manifest(...trees), [old.link]), [])

    t.match(run('ACT=clean', 'DAYS=5').stdout, /checkpoint-recent\.tar: exit code 0\n/)
    t.strictSame(onlyRemoved(before, manifest(...trees), [old.link, recent.link]), [])
    t.strictSame(mountTables(), tables, 'the node sees no mount of it')
    t.end()
  })
})
