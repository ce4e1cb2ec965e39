// show and clean of the library; they start the command. Run by lib.test.ts.
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { writeDump } from './encode/images.js'
import { manifest, onlyRemoved } from './rig/manifest.js'
import { inRepo } from './rig/repo.js'

const built = pathToFileURL(inRepo('dist', 'index.js')).href
const { clean, GcError, links, list, readCheckpoint, scan, show } = (await import(
  built
)) as typeof import('../src/index.js')

/** a folder with a link, its survivor and a decoy, and then the images that list the link */
function hostTree(t: Test) {
  const dir = t.testdir({
    tree: { kept: 'content', 'link_remap.4': t.fixture('link', 'kept'), 'link_remap.6': '' },
  })
  const link = `${dir}/tree/link_remap.4`
  const images = `${dir}/images`
  writeDump(images, { links: [{ id: 4, link, original: `${dir}/tree/old`, size: 7 }] })
  return { tree: `${dir}/tree`, link, images }
}

t.test('show and clean resolve to the report', async (t) => {
  const { tree, link, images } = hostTree(t)
  const before = manifest(tree)
  const shown = await show({ imagesDir: images })
  t.match(shown, { schema: 'criu-gc/1', command: 'show', tree: 'host', complete: true })
  t.strictSame(shown.exit, { code: 3, name: 'leftovers' })
  t.match(shown.remaps, [{ id: 4, origId: 5, link, verdict: 'would-remove', size: 7, nlink: 2 }])
  t.strictSame(onlyRemoved(before, manifest(tree), []), [])

  const cleaned = await clean({ imagesDir: images })
  t.strictSame(cleaned.exit, { code: 0, name: 'clean' })
  t.match(cleaned.remaps, [{ link, verdict: 'removed' }])
  t.match(cleaned.totals, { remaps: 1, removed: 1 })
  t.strictSame(onlyRemoved(before, manifest(tree), [link]), [])

  const again = await clean({ imagesDir: images })
  t.match(again.totals, { remaps: 1, removed: 0, absent: 1 })
})

t.test('links resolves to the document', async (t) => {
  const { link, images } = hostTree(t)
  const found = await links({ imagesDir: images })
  t.match(found, {
    command: 'links',
    exit: { code: 0 },
    links: [{ path: link, link }],
    missing: [],
  })
})

t.test('scan resolves to the document, and removes what it is told to', async (t) => {
  const { tree, link, images } = hostTree(t)
  const before = manifest(tree)
  const found = await scan({ directories: [tree], imagesDirs: [images] })
  t.match(found, { schema: 'criu-gc/1', command: 'scan', exit: { code: 3 }, totals: { found: 2 } })
  t.match(found.links, [{ link, listedBy: [images] }, { listedBy: [] }])
  t.strictSame(onlyRemoved(before, manifest(tree), []), [])
  const kept = await scan({ directories: [tree], keep: [images], since: '1h', remove: true })
  t.match(kept.links, [{ reason: 'wanted' }, { verdict: 'removed' }])
  t.strictSame(onlyRemoved(before, manifest(tree), [`${tree}/link_remap.6`]), [])
  for (const options of [{}, { directories: [''] }, { directories: tree }, { directories: [] }])
    await t.rejects(scan(options as never), { exit: 'usage', message: /./ })
  await t.rejects(scan({ directories: [tree], remove: true }), { exit: 'usage', message: /./ })
})

t.test('scan of network namespaces resolves to its own document', async (t) => {
  const found = await scan({ network: true, netns: ['/proc/self/ns/net'] })
  t.match(found, { schema: 'criu-gc/1', command: 'scan', networkNamespaces: 1, networkUnread: [] })
  for (const options of [
    { network: true, remove: true },
    { network: true, netns: ['/nowhere'] },
    { network: true, netns: '/proc/self/ns/net' },
    { network: 'all' },
    { network: false },
  ])
    await t.rejects(scan(options as never), { exit: 'usage', message: /./ })
})

t.test('a container by its bundle or its name, and a list', async (t) => {
  const { tree, images, link } = hostTree(t)
  const data = join(tree, '..')
  mkdirSync(join(data, 'containers/web/checkpoints'), { recursive: true })
  writeFileSync(join(data, 'containers/web/config.v2.json'), '{"Name":"/web"}')
  writeFileSync(join(data, 'config.json'), '{"root":{"path":"/"}}')
  symlinkSync(images, join(data, 'containers/web/checkpoints/nightly'))
  const here = { runtime: 'docker', runtimeRoot: data }
  const found = await list({ ...here, olderThan: '1d', keepLast: 1 })
  t.match(found, { schema: 'criu-gc/1', command: 'list', exit: { code: 0 } })
  t.match(found.containers, [
    { name: 'web', checkpoints: [{ name: 'nightly', links: { there: 1 }, selected: false }] },
  ])
  const shown = await show({ ...here, container: 'web', checkpoint: 'nightly' })
  t.match(shown.remaps, [{ link, verdict: 'would-remove' }])
  t.strictSame(shown.derived, [], "the host's own tree needs none")
  t.match(await show({ bundle: data, imagesDir: images }), { exit: { code: 3 } })
  await t.rejects(show({ ...here, container: 'db' }), { exit: 'usage', message: /no container db/ })
  await t.rejects(show({ container: '' }), { exit: 'usage', message: /container must be a name/ })
  await t.rejects(list({ keepLast: -1 }), { exit: 'usage', message: /keepLast must be/ })
})

t.test('nothing of the environment reaches the command', async (t) => {
  const { link, images } = hostTree(t)
  const [canary, config] = [`${t.testdirName}/canary`, `${t.testdirName}/criu.conf`]
  writeFileSync(`${canary}.cjs`, `require('fs').writeFileSync(${JSON.stringify(canary)}, '')`)
  writeFileSync(config, 'no-such-option-anywhere\n')
  const steering = {
    NODE_OPTIONS: `--require=${canary}.cjs`,
    NODE_PATH: '/nowhere',
    LD_LIBRARY_PATH: '/nowhere',
    CRIU_CONFIG_FILE: config,
  }
  const before = process.env
  t.teardown(() => {
    process.env = before
  })
  process.env = { ...before, ...steering }
  // The command refuses an environment that steers it.
  const report = await clean({ imagesDir: images })
  t.match(report.remaps, [{ verdict: 'removed' }])
  t.notOk(existsSync(link))
  t.notOk(existsSync(canary), 'and no code was run in it')
})

t.test('options reach the command', async (t) => {
  const { link, images } = hostTree(t)
  // so that the link is newer, as another dump's
  for (const name of readdirSync(images)) utimesSync(join(images, name), 1e9, 1e9)
  const kept = await clean({ imagesDir: images })
  t.match(kept.remaps, [{ verdict: 'kept', reason: 'newer' }])
  const forced = await clean({ imagesDir: images, force: true, root: '/', external: ['mnt[]'] })
  t.match(forced.remaps, [{ verdict: 'removed' }])
  t.notOk(existsSync(link))
})

t.test('a consent, what is gone, and logs reach the command', async (t) => {
  const { link, images } = hostTree(t)
  for (const name of readdirSync(images)) utimesSync(join(images, name), 1e9, 1e9)
  const kept = await clean({ imagesDir: images, accept: ['older', 'gone'] })
  t.match(kept.remaps, [{ verdict: 'kept', reason: 'newer', accept: 'newer' }])
  t.ok(existsSync(link))
  const accepted = await clean({ imagesDir: images, accept: ['gone', 'newer'] })
  t.match(accepted.remaps, [{ verdict: 'removed' }])
  t.notOk(existsSync(link))
  for (const log of ['dumpLog', 'restoreLog'])
    await t.rejects(show({ imagesDir: images, [log]: `${images}/nowhere` }), {
      name: 'GcError',
      exit: 'usage',
      where: `${images}/nowhere`,
    })

  const volume = t.testdir({})
  const dump = `${volume}/images`
  writeDump(dump, {
    links: [{ id: 4, link: '/data/link_remap.4', mntId: 51 }],
    namespaces: new Map([
      [
        9,
        [
          { mntId: 50, parent: 1, mountpoint: '/' },
          { mntId: 51, parent: 50, mountpoint: '/data', major: 254, minor: 9, extKey: 'vol' },
        ],
      ],
    ]),
  })
  const missing = await show({ imagesDir: dump })
  t.match(missing.remaps, [{ verdict: 'kept', reason: 'unreachable' }])
  for (const gone of ['/data', 'vol']) {
    const report = await show({ imagesDir: dump, gone: [gone] })
    t.match(report.remaps, [{ verdict: 'vanished', mountpoint: '/data' }])
    t.strictSame(report.exit, { code: 0, name: 'clean' })
  }
  await t.rejects(show({ imagesDir: dump, root: volume, gone: ['/'] }), {
    name: 'GcError',
    exit: 'usage',
  })
})

t.test('what ends a run as a whole rejects', async (t) => {
  const dir = t.testdir({ empty: {}, file: '' })
  const rejected = async (imagesDir: string): Promise<unknown> =>
    clean({ imagesDir }).catch((error: unknown) => error)
  for (const [name, exit] of [
    ['empty', 'bad-images'],
    ['file', 'usage'],
    ['nowhere', 'usage'],
  ] as const) {
    const error = await rejected(`${dir}/${name}`)
    t.ok(error instanceof GcError && error instanceof Error, name)
    t.match(error, { name: 'GcError', exit, message: String, next: String })
    t.match((error as InstanceType<typeof GcError>).where, `${dir}/${name}`)
  }
  t.throws(() => readCheckpoint(`${dir}/empty`), GcError)
})
