// Two containers share a volume, and a file there that has lost the name under which both opened it. One has a
// checkpoint that is wanted; the dump of the other one was killed. Cleaning up after that one never takes the link of
// the checkpoint, which is restored afterwards. Run by living-shared.test.ts.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { criu, dump, dumpArguments, restore, tryDump, type KillAt } from '../rig/criu.js'
import { runGc, type Run } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { remaps } from '../rig/images.js'
import { askAll, newLinks, settled, startLiving, type Living, type Shape } from '../rig/living.js'
import { manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'
import { mount, mountTables, unmount } from '../rig/namespace.js'
import { send } from '../rig/signal.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'

const SHARED = '/data/shared'

/** `own` files of its own are opened before the shared one, so that links of the two have names of their own */
const shape = (name: string, volumeOf: (base: string) => string, own: number): Shape => ({
  name,
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data', 'tmp'])
    const volume = volumeOf(base)
    // CRIU restores to a mount point only
    mount('--bind', root, root)
    const files = Array.from({ length: own }, (_, n) => h.hold(`/app/old${n}`, `/app/kept${n}`, 5))
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp')],
        [...files, h.open(SHARED), h.hold('/data/old', `/data/kept-${name}`, 7)],
      ),
      held: [],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
      cleanup: () => unmount(root),
    }
  },
})

interface Scene {
  readonly a: Living
  readonly b: Living
  readonly volume: string
  readonly look: () => Manifest
}

async function scene(t: Test): Promise<Scene> {
  const a = await startLiving(
    shape(
      'a',
      (base) => {
        const volume = makeTree(`${base}/volume`)
        writeFileSync(`${volume}/shared`, 'x'.repeat(9))
        return volume
      },
      1,
    ),
  )
  t.teardown(a.end)
  const volume = join(a.base, 'volume')
  const b = await startLiving(shape('b', () => volume, 4))
  t.teardown(b.end)
  linkSync(`${volume}/shared`, `${volume}/other`)
  unlinkSync(`${volume}/shared`)
  return { a, b, volume, look: () => manifest(...new Set([...a.built.trees, ...b.built.trees])) }
}

const dumpOptions = ({ tree, built }: Living, images: string) => ({
  pid: tree.pid,
  images,
  external: built.dumpExternal ?? [],
})

/** it works as before, and ends */
async function restored(t: Test, { built, base }: Living, images: string): Promise<void> {
  const pidfile = join(base, 'restored.pid')
  const { root = '', external = [] } = built
  restore({ images, root, external, extra: ['--pidfile', pidfile] })
  const pid = Number(readFileSync(pidfile, 'latin1'))
  try {
    await settled([pid])
    t.equal(await askAll([pid]), 'works', 'the restored container')
  } finally {
    send(pid, 'SIGKILL')
  }
}

/** a script for CRIU that dumps that one before it begins with its own tree */
function dumpFirst(other: Living, images: string): string[] {
  const script = join(other.base, 'dump-first')
  const words = [criu, ...dumpArguments(dumpOptions(other, images))]
  // what kills the one that calls it is not for this one
  const first = `exec env -u LD_PRELOAD ${words.map((word) => `'${word}'`).join(' ')}`
  writeFileSync(script, `#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" = pre-dump ] || exit 0\n${first}\n`)
  chmodSync(script, 0o755)
  return ['--action-script', script]
}

/** the links that images of the second container list, where this machine has them */
const listed = (images: string, { b, volume }: Scene): string[] =>
  existsSync(join(images, 'remap-fpath.img'))
    ? remaps(images).map(({ link }) =>
        link.startsWith('/data/') ? join(volume, link.slice(5)) : join(b.base, 'rootfs', link),
      )
    : []

const reasonsIn = ({ report }: Run): string[] =>
  (report?.remaps ?? []).flatMap(({ reason }) => reason ?? [])

const DOUBTS = { before: 'older', during: 'unlogged', after: 'newer' } as const

const KILLS: Record<string, KillAt> = {
  'before its links': { before: 'files.img' },
  'with its links': { before: 'pstree.img' },
}

for (const order of ['before', 'during', 'after'] as const)
  for (const [when, killAt] of Object.entries(KILLS))
    for (const known of ['not said', '--keep', 'beside'] as const)
      t.test(`wanted, made ${order}; killed ${when}; ${known}`, async (t) => {
        const all = await scene(t)
        const { a, b, look } = all
        const first = look()
        const beside = join(a.base, 'checkpoint-b')
        const images = known === 'beside' ? beside : join(b.base, 'checkpoint')
        mkdirSync(images)
        const takeB = (): string[] => {
          const before = look()
          dump(dumpOptions(b, images))
          return newLinks(before, look())
        }
        let wanted: string[] = []
        if (order === 'before') wanted = takeB()
        const between = look()
        const own = join(a.base, 'images')
        const extra = order === 'during' ? dumpFirst(b, images) : []
        t.equal(tryDump({ ...dumpOptions(a, own), killAt, extra }).code, -1)
        await settled(a.pids)
        const made = newLinks(between, look())
        const theirs = listed(images, all)
        const links = made.filter((path) => !theirs.includes(path))
        if (order === 'during') wanted = made.filter((path) => theirs.includes(path))
        t.equal(links.length > 0, when === 'with its links')
        if (order === 'after') wanted = takeB()
        t.ok(wanted.length > 0 && wanted.length === remaps(images).length)

        const [before, tables] = [look(), mountTables()]
        const args = ['--pid', String(a.tree.pid), '-D', own]
        const keep = known === '--keep' ? ['--keep', images] : []
        // A log that does not name each file that the dump came to.
        const brief = join(a.base, 'brief.log')
        writeFileSync(brief, '')
        const { atime, mtime } = statSync(join(own, 'dump.log'))
        utimesSync(brief, atime, mtime)
        const unlogged = runGc('show', [...args, ...keep, '-L', brief])
        const run = runGc('clean', [...args, ...keep])
        const after = look()
        t.ok(
          wanted.every((path) => after.has(path)),
          'all that is wanted is there',
        )
        const left = links.filter((path) => after.has(path))
        const gone = links.filter((path) => !after.has(path))
        t.strictSame(onlyRemoved(before, after, gone), [], run.stderr)
        t.strictSame(mountTables(), tables)
        const reasons = reasonsIn(run)
        t.comment(
          `${links.length} links, ${left.length} left; exit ${run.code}; ${reasons.join(', ')}`,
        )
        t.equal(run.code, 3, run.stderr)
        if (known === 'not said') {
          // one that shares its file with a wanted one stays, and both are said
          t.equal(left.length, links.length > 0 ? 1 : 0)
          t.strictSame(reasons, links.length > 0 ? ['shared', 'shared'] : [DOUBTS[order]])
        } else {
          // the link that was made later has changed the file: its checkpoint says when, and a log that the other was made
          t.equal(left.length, 0)
          t.strictSame(reasons, ['wanted'])
          const isChanged = order === 'after' && links.length > 0
          t.strictSame(reasonsIn(unlogged), isChanged ? ['wanted', 'newer'] : ['wanted'])
        }
        t.equal(await askAll(a.pids), 'works')
        await restored(t, b, images)
        t.notOk(wanted.some(existsSync), 'the restore has used its links up')
        t.ok([...first.keys()].every(existsSync))
      })

/** What containerd keeps of a dump that failed: its log, which is a copy and later than the dump. */
function copiedLog({ base }: Living): string[] {
  const bundle = join(base, 'io.containerd.runtime.v2.task/default/web')
  mkdirSync(bundle, { recursive: true })
  writeFileSync(join(bundle, 'config.json'), '{}')
  const [log, copy] = [join(base, 'images/dump.log'), join(bundle, 'criu-dump.log')]
  copyFileSync(log, copy)
  const later = statSync(log).mtimeMs / 1000 + 2
  utimesSync(copy, later, later)
  return ['--container', 'web', '--runtime', 'containerd', '--runtime-root', base]
}

for (const [when, killAt] of Object.entries(KILLS))
  t.test(`nothing but a copy of the log; killed ${when}`, async (t) => {
    const { a, b, look } = await scene(t)
    const images = join(b.base, 'checkpoint')
    mkdirSync(images)
    const first = look()
    dump(dumpOptions(b, images))
    const wanted = newLinks(first, look())
    const between = look()
    t.equal(tryDump({ ...dumpOptions(a, join(a.base, 'images')), killAt }).code, -1)
    await settled(a.pids)
    const links = newLinks(between, look())
    t.equal(links.length > 1, when === 'with its links')
    const words = copiedLog(a)
    const before = look()

    const log = join(a.base, 'io.containerd.runtime.v2.task/default/web/criu-dump.log')
    const typed = runGc('clean', ['--pid', String(a.tree.pid), '-L', log])
    t.equal(typed.code, 3, 'a log that is no copy is as late as its time says')
    t.strictSame(onlyRemoved(before, look(), []), [])

    const run = runGc('clean', ['--pid', String(a.tree.pid), ...words])
    const gone = links.filter((path) => !look().has(path))
    t.equal(gone.length, Math.max(0, links.length - 1), run.stderr)
    t.strictSame(onlyRemoved(before, look(), gone), [])
    const reasons = (run.report?.remaps ?? []).flatMap(({ reason }) => reason ?? [])
    t.strictSame(reasons, links.length > 0 ? ['shared', 'shared'] : ['older'])
    t.equal(await askAll(a.pids), 'works')
    await restored(t, b, images)
    t.notOk(wanted.some(existsSync))
  })
