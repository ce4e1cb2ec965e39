// Each recorded case by nothing but its bundle, or the name of its container: what comes out is what comes out with root
// and external mounts typed by hand.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { compile } from '../rig/compile.js'
import type { JsonRemap } from '../../src/report/schema.js'
import { gc, type Run } from '../rig/gc.js'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import { insideMountNamespace, isInside, mount, unmount } from '../rig/namespace.js'
import { recordedCases, recordedFile } from '../unit/checkpoint/recorded.js'
import { BOOTED, Case, Disk, whyNot, written } from './disk.js'

/** Its tmpfs is no more on this machine, and its disk is not to be told from a bundle. */
const POD = 'runc136-pod-shm'

interface Named {
  /** In the place of root and external mounts, and of the images where the runtime has them. */
  readonly words: readonly string[]
  readonly root: string | undefined
  readonly end?: () => void
}

const put = (file: string, value: unknown): void => {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
}

const config = (one: Case, name = 'config.json'): string =>
  fs.readFileSync(recordedFile(one.name, name), 'utf8')

/** Of podman: its storage has the layer of each container. */
const inStorage = (one: Case): Named => {
  const { directory, root = '' } = one.recorded
  const userdata = path.dirname(directory)
  const id = path.basename(path.dirname(userdata))
  const containers = path.dirname(path.dirname(userdata))
  const layer = path.dirname(root)
  const list = path.join(containers, 'containers.json')
  const known = fs.existsSync(list) ? (JSON.parse(fs.readFileSync(list, 'utf8')) as unknown[]) : []
  put(list, [...known, { id, names: [one.name], layer: path.basename(layer) }])
  put(path.join(userdata, 'config.json'), config(one))
  const graph = path.dirname(containers)
  const isUsual = graph === '/var/lib/containers/storage'
  const words = ['--container', one.name]
  if (isUsual) return { words, root }
  // Its overlay is gone with the FUSE server, and the links are in the upper directory.
  fs.renameSync(root, path.join(layer, 'diff'))
  return {
    words: [...words, '--runtime', 'podman', '--runtime-root', graph],
    root: path.join(layer, 'diff'),
  }
}

const inDocker = (one: Case): Named => {
  const { directory, root = '' } = one.recorded
  const home = path.dirname(path.dirname(directory))
  const id = path.basename(home)
  put(path.join(home, 'config.v2.json'), config(one, 'config.v2.json'))
  put(
    `/var/lib/docker/image/overlay2/layerdb/mounts/${id}/mount-id`,
    path.basename(path.dirname(root)),
  )
  return { words: ['--container', 'd1'], root }
}

/** The snapshot is still mounted in the bundle. */
const inContainerd = (one: Case): Named => {
  const { directory, root = '' } = one.recorded
  const bundle = '/run/containerd/io.containerd.runtime.v2.task/default/k2'
  const rootfs = path.join(bundle, 'rootfs')
  put(path.join(bundle, 'config.json'), config(one))
  const [lower, work] = ['lower', 'work'].map((name) => path.join(path.dirname(root), name))
  for (const folder of [lower, work, rootfs]) fs.mkdirSync(folder as string, { recursive: true })
  const layers = `lowerdir=${lower},upperdir=${root},workdir=${work}`
  mount('-t', 'overlay', '-o', layers, 'overlay', rootfs)
  return { words: ['--container', 'k2', '-D', directory], root: rootfs, end: () => unmount(rootfs) }
}

/** Its folder is in the pool, and a link leads there. */
const inIncus = (one: Case): Named => {
  const { directory, root = '' } = one.recorded
  const [link, home] = [path.dirname(directory), path.dirname(root)]
  fs.renameSync(directory, path.join(home, 'state'))
  fs.rmdirSync(link)
  fs.symlinkSync(home, link)
  put(path.join(home, 'backup.yaml'), config(one, 'backup.yaml'))
  return { words: ['--container', 'in1'], root }
}

const inBundle = (one: Case): Named => {
  const { directory, root } = one.recorded
  const bundle = path.dirname(directory)
  put(path.join(bundle, 'config.json'), config(one))
  // As these root file systems had it: a destination leads through it.
  if (root !== undefined) fs.symlinkSync('real', path.join(root, 'var/link'))
  return { words: ['--bundle', bundle], root }
}

const named = (one: Case): Named => {
  const { name, recorded } = one
  if (name.startsWith('docker')) return inDocker(one)
  if (name.startsWith('containerd')) return inContainerd(one)
  if (name.startsWith('incus')) return inIncus(one)
  return recorded.directory.includes('-containers/') ? inStorage(one) : inBundle(one)
}

const attempt = (t: Test, one: Case): void => {
  const { words, root, end } = named(one)
  if (end !== undefined) t.teardown(end)
  const run = (word: 'show' | 'clean', args: readonly string[]): Run =>
    gc([word, '--json', '-v', ...args], [compile('booted.c'), written(BOOTED)])
  const typed = run('show', [
    ...['-D', one.recorded.directory],
    ...(root === undefined ? [] : ['-r', root]),
    ...Object.entries(one.recorded.external).flatMap(([key, at]) => [
      ...['--external', `mnt[${path.join('/', key)}]:${at}`],
    ]),
  ])
  const mounts = mountinfo()
  const shown = run('show', words)
  // Only who knows where it was can say that it is gone.
  const isGone = (remap: JsonRemap): boolean =>
    root === undefined && remap.message?.startsWith('the root file system is not there') === true
  const remaps = shown.report?.remaps ?? []
  t.strictSame(
    remaps.filter((remap) => !isGone(remap)),
    typed.report?.remaps?.filter((_, index) => !isGone(remaps[index] as JsonRemap)),
    shown.stderr,
  )
  if (remaps.some(isGone)) {
    t.equal(run('show', [...words, '--gone', '/']).report?.totals?.kept, 0, 'as it advises')
    t.ok(remaps.filter(isGone).every(({ next }) => next?.includes('--gone /')))
  }
  t.strictSame(
    [shown.code, shown.report?.dump, shown.report?.totals],
    [typed.code, typed.report?.dump, typed.report?.totals],
  )
  const cleaned = run('clean', words)
  const left = (shown.report?.remaps ?? []).filter(({ verdict }) => verdict === 'would-remove')
  t.equal(cleaned.report?.totals?.removed, left.length, cleaned.stderr)
  if (left.length > 0)
    t.strictSame(
      one.recorded.links.filter((link) => fs.existsSync(link.path)).map((link) => link.path),
      [],
      'no link is left',
    )
  t.strictSame(diffMountinfo(mounts, mountinfo()), [], 'no mount is left')
}

const main = async (): Promise<void> => {
  mount('-t', 'tmpfs', '-o', 'size=1g', 'run', '/run')
  unmount('/dev/shm')
  const names = recordedCases().filter((name) => name !== POD)
  // Two cases may have the same paths.
  const isSecond = (name: string): boolean => name.startsWith('runc115')
  for (const group of [names.filter((name) => !isSecond(name)), names.filter(isSecond)]) {
    const cases = group.map((name) => new Case(name, { images: 'exact', later: 0n }))
    const disk = new Disk('/run/recorded', cases)
    for (const one of disk.cases) disk.name(one)
    for (const one of disk.cases)
      await t.test(one.name, (t) => {
        attempt(t, one)
        t.end()
      })
    disk.end()
  }
}

if (isInside()) await main()
else {
  const skip = whyNot()
  if (skip !== false) t.pass('containers of the recorded cases', { skip })
  else {
    const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
    await t.spawn(command, args, {}, 'in a private mount namespace')
  }
}
