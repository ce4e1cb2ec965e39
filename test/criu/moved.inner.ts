// What was moved, unmounted, swapped or given wrongly since the dump: another directory than the dump's has
// nothing of it, and what is not in it is not gone. Run by moved.test.ts.
import { cpSync, existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { runGc } from '../rig/gc.js'
import * as h from '../rig/holder.js'
import { mount, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { dumped, restoreAndEnd } from '../rig/restored.js'
import { makeRootfs, makeTree } from '../rig/rootfs.js'
import { checkpoint, type Checkpoint, type Scenario } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { at } from '../rig/scenarios/held.js'
import { cleaned, refused, removes, step } from '../rig/steps.js'

const withRoot = ({ arguments: args }: Checkpoint, root: string): string[] =>
  args.map((word, index) => (args[index - 1] === '-r' ? root : word))

t.test(
  'overlay: only the upper directory of the dump, or an overlay with it, is looked into',
  async (t) => {
    const wanted = await dumped(t, scenario('overlay'))
    const made = await dumped(t, scenario('overlay'))
    const names = (one: Checkpoint): string[] => one.paths.map((path) => basename(path))
    t.strictSame(names(made), names(wanted), 'the same names')
    const trees = [...wanted.built.trees, ...made.built.trees]
    for (const root of ['lower', 'work'].map((name) => join(made.base, name)))
      refused(t, withRoot(made, root), trees, ['kept elsewhere'])
    for (const root of ['lower', 'upper', 'merged'].map((name) => join(wanted.base, name)))
      refused(t, withRoot(made, root), trees, ['kept elsewhere'])
    restoreAndEnd(wanted)
    // the one that was mounted is unmounted, as runtimes do: its upper directory has the links
    made.built.cleanup?.()
    made.built.cleanup = () => undefined
    const upper = join(made.base, 'upper')
    const links = made.paths.filter((path) => path.startsWith(upper))
    for (const root of [join(made.base, 'lower'), join(wanted.base, 'upper')])
      refused(t, withRoot(made, root), [upper, ...wanted.built.trees], ['kept elsewhere'])
    const run = step(t, 'clean', withRoot(made, upper), [upper], links, ['removed'])
    t.equal(run.code, 0, run.stderr)
    t.equal(step(t, 'clean', withRoot(made, upper), [upper], [], ['absent']).code, 0)
  },
)

t.test('overlay: mounted anew with the same layers, elsewhere', async (t) => {
  const made = await dumped(t, scenario('overlay'))
  const at = (name: string): string => join(made.base, name)
  made.built.cleanup?.()
  makeTree(at('again'))
  const layers = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
  mount('-t', 'overlay', '-o', layers, 'overlay', at('again'))
  made.built.cleanup = () => {
    unmount(at('again'))
  }
  const links = made.paths.map((path) => path.replace(at('merged'), at('again')))
  const trees = [at('upper'), at('again')]
  const run = step(t, 'clean', withRoot(made, at('again')), trees, links, ['removed'])
  t.equal(run.code, 0, run.stderr)
})

const needsDisk = needs('mkfs.ext4', 'e2fsprogs')

/**
 * Far above the numbers that are given to whoever asks for any: nobody takes it while it is free. losetup(8)
 * makes it; it stays, with nothing in it.
 */
const DEVICE = '/dev/loop4077'

/** a container whose volume is a disk of its own, mounted for it */
const onDisk: Scenario = {
  name: 'on-disk',
  about: 'a volume that is a disk',
  mounts: true,
  build(base) {
    const root = makeRootfs(`${base}/rootfs`, ['data'])
    const volume = makeTree(`${base}/volume`)
    makeDisk(`${base}/disk`)
    putDisk(`${base}/disk`, volume)
    makeTree(volume, ['sub'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data')],
        [h.hold('/data/old', '/data/kept', 20), h.hold('/data/sub/old', '/data/sub/kept', 30)],
      ),
      held: [
        at('/data', volume, 'kept', 0o644, 20),
        at('/data/sub', `${volume}/sub`, 'kept', 0o644, 30),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
      cleanup: () => {
        takeDisk(volume)
      },
    }
  },
}

const putDisk = (disk: string, place: string): void => {
  must('losetup', [DEVICE, disk])
  mount(DEVICE, place)
}

/** and frees its number for the next disk */
const takeDisk = (place: string): void => {
  unmount(place)
  must('losetup', ['-d', DEVICE])
}

const makeDisk = (path: string): void => {
  must('truncate', ['-s', '8M', path])
  must('mkfs.ext4', ['-q', '-F', path])
}

t.test(
  'a volume on a disk: another disk in its place, while the first is mounted elsewhere',
  { skip: needsDisk },
  async (t) => {
    const made = await dumped(t, onDisk)
    const volume = join(made.base, 'volume')
    const aside = makeTree(join(made.base, 'aside'))
    const other = join(made.base, 'other')
    // as it was at the dump, links and all, on another disk: a backup
    must('cp', [join(made.base, 'disk'), other])
    mount('--move', volume, aside)
    mount('-o', 'loop', other, volume)
    const trees = [volume, aside]
    refused(t, made.arguments, trees, ['kept elsewhere'])
    unmount(volume)
    mount('--move', aside, volume)
    cleaned(t, made)
  },
)

t.test('two disks that take turns on one device number', { skip: needsDisk }, async (t) => {
  const made = await dumped(t, onDisk)
  const volume = join(made.base, 'volume')
  const other = join(made.base, 'other')
  must('sync', [])
  must('cp', [join(made.base, 'disk'), other])
  const aside = makeTree(join(made.base, 'aside'))
  mount('-o', 'loop', other, aside)
  must(
    'rm',
    made.paths.map((path) => path.replace(volume, aside)),
  )
  unmount(aside)
  takeDisk(volume)
  await sleep(1100)
  putDisk(other, volume)
  // somebody works with it: that is no sign that a link was made and removed in it
  makeTree(volume, ['work', 'sub/work'])
  const run = removes(t, 'clean', made.arguments, [volume], [])
  t.not(run.code, 0, 'that they are gone is not proven')
  takeDisk(volume)
  putDisk(join(made.base, 'disk'), volume)
  cleaned(t, made)
})

/** a host tree below a mount of its own, as of a service with a file system for its data */
const underMount: Scenario = {
  name: 'under-mount',
  about: 'a host tree on a disk that is mounted for it',
  mounts: true,
  build(base) {
    const tree = makeTree(`${base}/tree`)
    // as old as a mount point is: it has not changed since long before the dump
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3100)
    makeDisk(`${base}/disk`)
    mount('-o', 'loop', `${base}/disk`, tree)
    makeTree(tree, ['a'])
    return {
      instructions: [['stdio'], h.hold(`${tree}/a/old`, `${tree}/a/kept`, 10)],
      held: [at(`${tree}/a`, `${tree}/a`, 'kept', 0o644, 10)],
      trees: [tree],
      cleanup: () => {
        unmount(tree)
      },
    }
  },
}

t.test('a host tree whose file system was unmounted, and its mount point removed', async (t) => {
  const made = await dumped(t, underMount)
  const tree = join(made.base, 'tree')
  unmount(tree)
  await sleep(3100)
  refused(t, made.arguments, [tree], ['kept unreachable'])
  rmdirSync(tree)
  // what is left of the path was changed by that, as by a removal of all
  const run = step(t, 'clean', made.arguments, [made.base], [], ['absent parent-gone unproven'])
  t.equal(run.code, 4, run.stderr)
  t.equal(run.report?.remaps?.[0]?.proven, false)
  mkdirSync(tree)
  mount('-o', 'loop', join(made.base, 'disk'), tree)
  cleaned(t, made)
})

const moved = (t: Test, made: Checkpoint, directory: string, copy: boolean): void => {
  const away = `${directory}.away`
  renameSync(directory, away)
  if (copy) cpSync(away, directory, { recursive: true, preserveTimestamps: true })
  const run = runGc('clean', made.arguments)
  t.not(run.code, 0, run.stderr)
  t.ok(existsSync(away))
}

t.test('a directory that was moved, or moved and replaced by a copy', async (t) => {
  for (const copy of [false, true]) {
    const made = await dumped(t, scenario('external-volume'))
    const volume = join(made.base, 'volume')
    moved(t, made, join(volume, 'sub'), copy)
    const link = made.paths.find((path) => path.startsWith(join(volume, 'sub'))) ?? ''
    t.ok(existsSync(link.replace('/sub/', '/sub.away/')), 'the link itself is there')
    if (copy) t.ok(existsSync(link), 'and so is its copy')
  }
})

t.test('a directory swapped with another one of the same file system', async (t) => {
  const made = await dumped(t, scenario('external-volume'))
  const volume = join(made.base, 'volume')
  makeTree(join(volume, 'other'))
  renameSync(join(volume, 'sub'), join(volume, 'third'))
  renameSync(join(volume, 'other'), join(volume, 'sub'))
  const run = runGc('clean', made.arguments)
  t.equal(run.code, 3, run.stderr)
  t.ok(existsSync(join(volume, 'third', basename(made.paths.at(-1) ?? ''))))
})

t.test('the container is gone and its volume stays: --gone / makes it clean', async (t) => {
  const made = await checkpoint(scenario('container'))
  t.teardown(made.cleanup)
  const volume = join(made.base, 'volume')
  const options = [...made.arguments.slice(0, 2), ...made.arguments.slice(4)]
  must('rm', ['-r', join(made.base, 'rootfs')])
  const links = made.paths.filter((path) => path.startsWith(volume))
  const some = ['kept unreachable', 'vanished', 'would-remove']
  t.equal(step(t, 'show', options, [volume], [], some).code, 3)
  const gone = [...options, '--gone', '/']
  t.equal(step(t, 'clean', gone, [volume], links, ['removed', 'vanished']).code, 0)
})
