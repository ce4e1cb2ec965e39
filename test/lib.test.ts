// The library as its users have it: built, and with its types.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import type { Checkpoint, Mount } from '../src/index.js'
import { attempt } from './rig/command.js'
import type { Remap } from './rig/images.js'
import { inRepo, repo } from './rig/repo.js'

const built = pathToFileURL(inRepo('dist', 'index.js')).href
const { clean, planCollection, readCheckpoint, show } = (await import(
  built
)) as typeof import('../src/index.js')

const needsRoot = process.getuid?.() === 0 ? false : 'needs root'

// tap puts its NODE_OPTIONS into whatever a test starts, also into what the library starts for it
const inner = fileURLToPath(new URL('lib.inner.js', import.meta.url))
const cleanly = ['-i', `PATH=${process.env.PATH ?? ''}`, process.execPath, inner]
await t.spawn('env', cleanly, { skip: needsRoot }, 'in a clean environment')

interface Expected {
  root: string | null
  external: string[]
  remaps: (Remap & { mode: string | null; outside: string | null })[]
}

/** the machine that the images are from; a tree in its root had copies of its mounts */
const hostOf = ({ namespaces }: Checkpoint, root: string | null) => ({
  mounts: root === '/' ? namespaces.flatMap(({ mounts }) => mounts).map(asHostMount) : [],
  bootedAt: { sec: 0, nsec: 0 },
})

const asHostMount = ({ root, ...mount }: Mount) => ({ ...mount, root: root ?? mount.mountpoint })

for (const name of readdirSync(inRepo('test', 'images'))) {
  t.test(`recorded: ${name}`, (t) => {
    const recorded = inRepo('test', 'images', name)
    const expected = JSON.parse(readFileSync(join(recorded, 'expected.json'), 'utf8')) as Expected
    // Whatever gave the recorded files their times, it was not a dump.
    const images = t.testdir({})
    cpSync(recorded, images, { recursive: true })
    const checkpoint = readCheckpoint(images)
    const found = checkpoint.remaps.map(({ remapId, origId, link, original }) => ({
      link,
      original: original.path,
      linkId: remapId,
      originalId: origId,
      mountId: original.mntId ?? null,
      size: original.size ?? null,
      mode: original.mode === undefined ? null : `0${original.mode.toString(8)}`,
      namespace:
        checkpoint.namespaces.find(({ mounts }) =>
          mounts.some(({ mntId }) => mntId === original.mntId),
        )?.id ?? null,
    }))
    const links = expected.remaps.map((remap) => remap.outside)
    t.strictSame(
      found.map((remap, index) => ({ ...remap, outside: links[index] })),
      expected.remaps,
    )
    t.equal(checkpoint.complete, !name.startsWith('killed'))

    const { root, external } = expected
    const host = hostOf(checkpoint, root)
    const plan = planCollection(checkpoint, { ...(root !== null && { root }), external, host })
    t.strictSame(
      plan.remaps.map(({ kind }) => kind),
      links.map((outside) => (outside === null ? 'vanished' : 'reach')),
    )
    t.end()
  })
}

t.test('what the compiler would refuse is a usage error, at once or as a rejection', async (t) => {
  const refused = { name: 'GcError', exit: 'usage' }
  const as = (value: unknown): never => value as never
  for (const run of [show, clean]) {
    await t.rejects(run(as(undefined)), { ...refused, message: /^options must be an object/ })
    await t.rejects(run(as({})), { ...refused, message: /^imagesDir must be a path/ })
    const external = as('mnt[]')
    await t.rejects(run({ imagesDir: '/', external }), {
      ...refused,
      message: /^external must be/,
    })
    await t.rejects(run({ imagesDir: 'a\0b' }), refused)
  }
  t.throws(() => readCheckpoint(as(undefined)), refused)
  t.throws(() => planCollection(as(undefined)), refused)
  const checkpoint = readCheckpoint(inRepo('test', 'images', 'container'))
  t.throws(() => planCollection(checkpoint, { root: '' }), refused)
  t.throws(() => planCollection(checkpoint, { root: '/rootfs', gone: ['//'] }), refused)
  await t.rejects(show({ imagesDir: '/', accept: as(['all']) }), refused)
  t.throws(() => planCollection(checkpoint, { external: ['/data:/srv'] }), refused)
})

t.test('what is gone, of which a path may be written in any way', (t) => {
  const checkpoint = readCheckpoint(inRepo('test', 'images', 'external-volume'))
  const kinds = (gone: string[]) =>
    planCollection(checkpoint, { gone }).remaps.map(({ kind }) => kind)
  const all = (kind: string) => [kind, kind]
  t.strictSame(kinds([]), all('kept'))
  for (const gone of ['/srv/data', '/srv//data/', 'my volume'])
    t.strictSame(kinds([gone]), all('gone'), gone)
  t.strictSame(kinds(['/', 'my volume/']), all('kept'))
  t.end()
})

const consumer = `
import { clean, GcError, planCollection, readCheckpoint, show } from 'criu-gc'
import type { Checkpoint, JsonReport, LinkRemap, Options, Plan } from 'criu-gc'

declare const print: (...words: unknown[]) => void
const options: Options = { imagesDir: '/images', root: '/rootfs', external: ['mnt[/data]:/srv'] }
const more: Options = { ...options, accept: ['newer', 'gone'], gone: ['/data'], dumpLog: '/l', restoreLog: '/l' }
const report: JsonReport = await clean(options)
const left: string[] = report.remaps.filter((one) => one.verdict === 'kept').map((one) => one.link)
const checkpoint: Checkpoint = readCheckpoint(options.imagesDir)
const remaps: readonly LinkRemap[] = checkpoint.remaps
const plan: Plan = planCollection(checkpoint, { root: '/rootfs', mounts: 'all' })
try {
  await show({ imagesDir: '/images', keepLastLink: true })
} catch (error) {
  if (error instanceof GcError && error.exit === 'busy') print(error.next, error.where)
}
print(left, remaps, more, report.dump, report.others[0]?.names, report.remaps[0]?.accept, plan.remaps[0]?.kind === 'reach' && plan.remaps[0].dir)
// @ts-expect-error there is no such doubt
await show({ imagesDir: '/images', accept: ['all'] })
// @ts-expect-error there is no such option
await show({ imagesDir: '/images', rooot: '/' })
`

t.test('the declared types compile in a project that has no others, not even of Node', (t) => {
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', lib: ['es2022'] }
  const dir = t.testdir({
    'use.ts': consumer,
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] } }),
  })
  mkdirSync(`${dir}/node_modules`)
  symlinkSync(repo, `${dir}/node_modules/criu-gc`)
  const tsc = inRepo('node_modules', 'typescript', 'bin', 'tsc')
  const done = attempt(process.execPath, [tsc, '-p', dir])
  t.equal(done.stdout, '')
  t.equal(done.code, 0)
  t.end()
})
