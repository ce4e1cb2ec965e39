// `list`, and show and clean with --all: dumps made by hand, in the folders of a docker and of a podman.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { taskAt } from '../src/host/living/tasks.js'
import type { JsonList } from '../src/report/list-schema.js'
import { placeOf } from './hostile/rig.js'
import { gc } from './rig/gc.js'
import { HandMade, later, ROOT_MOUNT } from './rig/hand-made.js'
import { manifest, onlyRemoved } from './rig/manifest.js'

const skip = process.getuid?.() === 0 ? false : 'needs root'

/** A dump of a container that had its root file system in a folder of its own. */
const dumpIn = (t: Test, links: number): HandMade => {
  const made = new HandMade()
  t.teardown(() => {
    made.end()
  })
  made.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(made.root) })
  for (let id = 1; id <= links; id++) made.link('app', 2 * id)
  made.dump()
  later()
  return made
}

const put = (file: string, value: unknown): void => {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
}

const link = (to: string, at: string): void => {
  fs.mkdirSync(path.dirname(at), { recursive: true })
  fs.symlinkSync(to, at)
}

/** A container of docker's with these checkpoints, the oldest first. */
const inDocker = (data: string, name: string, checkpoints: readonly HandMade[]): void => {
  const home = path.join(data, 'containers', `id-of-${name}`)
  put(path.join(home, 'config.v2.json'), { Name: `/${name}`, Driver: 'overlay2' })
  put(path.join(data, 'image/overlay2/layerdb/mounts', `id-of-${name}`, 'mount-id'), name)
  const [first] = checkpoints
  if (first !== undefined) link(first.root, path.join(data, 'overlay2', name, 'diff'))
  for (const [at, { images }] of checkpoints.entries())
    link(images, path.join(home, 'checkpoints', `number-${at}`))
}

const list = (...args: string[]): { code: number; document: JsonList; stderr: string } => {
  const { code, stdout, stderr } = gc([...args, '--json'])
  return { code, document: JSON.parse(stdout) as JsonList, stderr }
}

t.test('a list, and what is given up', { skip }, (t) => {
  const data = fs.realpathSync(t.testdir({}))
  const here = ['--runtime', 'docker', '--runtime-root', data]
  const old = dumpIn(t, 3)
  const other = dumpIn(t, 2)
  inDocker(data, 'web', [old])
  inDocker(data, 'db', [other])
  inDocker(data, 'none', [])
  const trees = [old.root, other.root]
  const before = manifest(...trees)

  const { code, document } = list('list', ...here)
  t.equal(code, 0)
  t.match(document, {
    command: 'list',
    exit: { name: 'clean' },
    totals: { containers: 3, checkpoints: 2, links: 5, there: 5, selected: 0 },
    unread: [],
  })
  const [db, none, web] = [...document.containers].sort((a, b) =>
    (a.name ?? '') < (b.name ?? '') ? -1 : 1,
  )
  t.match(none, { runtime: 'docker', name: 'none', state: 'stopped', checkpoints: [] })
  t.match(db?.checkpoints, [
    {
      name: 'number-0',
      dump: 'whole',
      links: { listed: 2, there: 2, unknown: 0 },
      action: 'clean',
    },
  ])
  t.equal(
    web?.checkpoints[0]?.next,
    `criu-gc clean --runtime docker --container web --runtime-root ${data}`,
  )

  const lines = gc(['list', ...here])
  t.match(lines.stdout, /^docker\tdb\tstopped\t\S+number-0\t\S+Z\t2\t2\twhole\tclean\tcriu-gc /m)
  t.match(lines.stdout, /^docker\tnone\tstopped\t-\t-/m)
  t.match(lines.stderr, /3 containers, 2 checkpoints, 5 links listed, 5 seen/)

  const kept = list('clean', '--all', '--older-than', '0s', '--keep-last', '1', ...here)
  t.equal(kept.code, 0, 'the last one of each is kept')
  const young = list('clean', '--all', '--older-than', '1d', ...here)
  t.match(young.document.totals, { selected: 0 })
  const shown = list('show', '--all', '--older-than', '0s', ...here)
  t.equal(shown.code, 3, shown.stderr)
  t.strictSame(onlyRemoved(before, manifest(...trees), []), [], 'nothing is gone')

  // A directory that nothing can be removed from by the images: another one is in its place.
  const text = gc(['clean', '--all', '--older-than', '0s', ...here])
  t.equal(text.code, 0, text.stderr)
  t.match(text.stdout, /^docker\tdb\t.*\n.*docker\tweb\t/m, 'first what will be done')
  t.match(text.stderr, /criu-gc clean --runtime docker --container web .*: 3 removed,/)
  const gone = [...old.links, ...other.links].map(({ link }) => String(link))
  t.strictSame(
    onlyRemoved(before, manifest(...trees), [
      ...old.links.map(({ link }) => path.join(old.root, String(link))),
      ...other.links.map(({ link }) => path.join(other.root, String(link))),
    ]),
    [],
    gone.join(' '),
  )
  t.match(list('list', ...here).document.totals, { links: 5, there: 0 })
  t.end()
})

t.test('several checkpoints of one container', { skip }, (t) => {
  const data = fs.realpathSync(t.testdir({}))
  const here = ['--runtime', 'docker', '--runtime-root', data]
  const first = dumpIn(t, 1)
  const second = dumpIn(t, 1)
  inDocker(data, 'web', [first, second])
  const one = ['--container', 'web', ...here]
  const ambiguous = gc(['show', ...one])
  t.equal(ambiguous.code, 2)
  t.match(
    ambiguous.stderr,
    `say which: criu-gc show --container web --runtime docker --runtime-root ${data} --checkpoint number-0 | criu-gc show`,
  )
  const named = gc(['show', ...one, '--checkpoint', 'number-0', '--json'])
  t.equal(named.report?.imagesDir, path.join(data, 'containers/id-of-web/checkpoints/number-0'))
  t.match(named.report?.derived, [{ option: '--root', value: first.root, from: /mount-id$/ }])
  t.equal(gc(['show', ...one, '--checkpoint', 'third']).code, 2)
  const { document } = list('list', '--older-than', '0s', '--keep-last', '1', ...here)
  t.match(document.containers[0]?.checkpoints, [
    { name: 'number-1', selected: false },
    { name: 'number-0', selected: true, next: /--checkpoint number-0$/ },
  ])
  t.end()
})

t.test('what cannot be read, and what is gone', { skip }, (t) => {
  const data = fs.realpathSync(t.testdir({}))
  const here = ['--runtime', 'docker', '--runtime-root', data]
  const made = dumpIn(t, 1)
  inDocker(data, 'web', [made])
  inDocker(data, 'broken', [])
  put(path.join(data, 'containers/id-of-broken/checkpoints/empty/x'), 'x')
  fs.rmSync(path.join(data, 'overlay2/web/diff'))
  const { code, document } = list('list', ...here)
  t.equal(code, 4, 'not all could be read')
  const named = (name: string): JsonList['containers'][number]['checkpoints'] =>
    document.containers.find((one) => one.name === name)?.checkpoints ?? []
  t.match(named('broken'), [{ problem: /no images of a CRIU dump/, action: 'look' }])
  t.match(named('web'), [{ links: { listed: 1, there: 0, unknown: 1 }, action: 'look' }])

  const lost = gc(['show', '--container', 'web', ...here])
  t.equal(lost.code, 3)
  t.match(lost.stdout, `the root file system is not there any more: ${data}/overlay2/web/diff`)
  const [, complete = ''] =
    /if the root file system was removed for good, this is complete: criu-gc (.*)/.exec(
      lost.stderr,
    ) ?? []
  t.match(complete, / --gone \/$/)
  t.equal(gc(complete.split(' ')).code, 0, 'as it stands there')
  t.end()
})

/** Of the host's own tree: paths are those of this machine. */
class OnHost extends HandMade {
  protected override hasRoot = false
}

t.test('other checkpoints that the runtime keeps of a living container', { skip }, async (t) => {
  const top = fs.realpathSync(t.testdir({}))
  const made = new OnHost()
  const held = path.join(made.at('app'), 'link_remap.6')
  // The file is deleted, and the program has it open.
  fs.mkdirSync(made.at('app'))
  const script =
    'echo x >app/old; exec 3<app/old; ln app/old app/link_remap.6; rm app/old; echo; exec sleep 1000'
  const child = spawn('sh', ['-c', script], {
    cwd: made.root,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    made.end()
  })
  await once(child.stdout, 'data')
  const pid = child.pid ?? 0
  const bundle = path.join(top, 'bundle')
  put(path.join(bundle, 'config.json'), { root: { path: '/' } })
  put(path.join(top, 'state/c1/state.json'), {
    init_process_pid: pid,
    init_process_start: taskAt(pid)?.start,
    config: { labels: [`bundle=${bundle}`] },
  })
  const killed = path.join(top, 'killed')
  put(path.join(killed, 'files.img'), '')
  const verdict = (): string[] | undefined =>
    gc([
      ...['show', '--json', '-D', killed, '--since', '1h', '--container', 'c1'],
      ...['--runtime', 'runc', '--runtime-root', path.join(top, 'state')],
    ]).report?.remaps?.map(({ link, verdict, reason }) => `${link} ${reason ?? verdict}`)
  t.strictSame(verdict(), [`${held} would-remove`], 'nobody else wants it')
  made.remap(6, held)
  made.dump()
  link(made.images, path.join(bundle, 'checkpoint'))
  t.strictSame(verdict(), [`${held} wanted`])
})
