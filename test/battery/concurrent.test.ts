// Several clean-ups at once, and one while CRIU is at work: together they do what one does alone.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { writeDump } from '../encode/images.js'
import { run } from '../rig/execute.js'
import type { Report } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { CONCURRENT } from './counts.js'
import { progress } from './progress.js'

const TOGETHER = 8
const { links: LINKS, rounds: ROUNDS } = CONCURRENT

interface World {
  readonly base: string
  readonly root: string
  /** One directory of images, and as many copies as there are clean-ups. */
  readonly images: string
  readonly copies: readonly string[]
  readonly links: readonly string[]
}

const makeWorld = (t: Test): World => {
  const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-concurrent-'))
  t.teardown(() => {
    fs.rmSync(base, { recursive: true })
  })
  const root = join(base, 'rootfs')
  const links = Array.from({ length: LINKS }, (_, index) => {
    const dir = join('/app', String(index % 40))
    fs.mkdirSync(join(root, dir), { recursive: true })
    const link = join(dir, `link_remap.${2 * index + 2}`)
    const survivor = join(root, dir, `survivor ${index}`)
    fs.writeFileSync(survivor, 'ten bytes.')
    fs.linkSync(survivor, join(root, link))
    return link
  })
  for (const name of ['link_remap.77777', 'precious']) fs.writeFileSync(join(root, 'app', name), '')
  const copies = Array.from({ length: TOGETHER }, (_, copy) => join(base, `images-${copy}`))
  for (const copy of copies)
    writeDump(copy, {
      namespaces: new Map([[9, [{ mntId: 50, parent: 1, mountpoint: '/' }]]]),
      links: links.map((link, index) => ({ id: 2 * index + 2, link, mntId: 50, size: 10 })),
    })
  return { base, root, images: copies[0] as string, copies, links }
}

interface Done {
  readonly code: number
  readonly stderr: string
  readonly report: JsonReport & Pick<Report, 'error'>
}

const cleanOnce = async (images: string, root: string): Promise<Done> => {
  const { code, stderr, report } = await run(['clean', '--json', '-D', images, '-r', root])
  if (report === undefined) throw new Error(`exit ${code}, no document: ${stderr}`)
  return { code, stderr, report: report as Done['report'] }
}

/** As a runtime does: who finds the images locked for too long, as on a slow machine, comes back. */
const clean = async (images: string, root: string): Promise<Done> => {
  for (let tries = 1; ; tries++) {
    const done = await cleanOnce(images, root)
    if (done.code !== 6 || tries === 20) return done
  }
}

/** `locked`: one after the other, so that none sees another at work. */
const together = async (
  t: Test,
  { base, root, links }: World,
  images: readonly string[],
  locked: boolean,
): Promise<void> => {
  const before = manifest(base)
  const all = await Promise.all(images.map((directory) => clean(directory, root)))
  const gone = links.map((link) => join(root, link))
  t.strictSame(onlyRemoved(before, manifest(base), gone), [], 'all links and nothing else')
  const remaps = all.flatMap(({ report }) => report.remaps)
  const of = (verdict: string): number => remaps.filter((remap) => remap.verdict === verdict).length
  t.equal(of('removed'), LINKS, 'each link is removed by exactly one')
  // What another one removes between two looks at it has just been changed, and is left to him.
  const yielded = remaps.filter(({ reason }) => reason === 'newer').length
  t.equal(of('absent') + yielded, LINKS * (TOGETHER - 1), 'and absent for the others')
  t.equal(remaps.length, LINKS * TOGETHER, 'totals add up')
  for (const { code, report } of all) {
    // What another one has removed and not noted yet is gone, and not proven to be: no lock, no order.
    const isProven = locked || report.remaps.every(({ proven }) => proven !== false)
    const wanted = report.totals.kept > 0 ? 3 : isProven ? 0 : 4
    t.equal(code, wanted, 'each says whether something is left')
  }
  if (locked) t.equal(yielded, 0, 'nobody was in the way of another')
  const removed = remaps.filter(({ verdict }) => verdict === 'removed')
  t.equal(new Set(removed.map(({ link }) => link)).size, LINKS, 'no link is removed twice')
  const workers = all.filter(({ report }) => report.totals.removed > 0).length
  t.comment(`${workers} of ${TOGETHER} removed something`)
}

/** A program of that name which has the directory open for as long as the test lasts. */
const pretendCriu = async (t: Test, base: string, images: string): Promise<ChildProcess> => {
  const program = join(base, 'criu')
  fs.copyFileSync('/bin/sleep', program)
  const script = 'exec 9<"$1"; echo ready; exec "$2" 3600'
  const child = spawn('sh', ['-c', script, 'sh', images, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const name = (): string => fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')
  while (!name().startsWith(program)) await new Promise((resolve) => setTimeout(resolve, 5))
  return child
}

await inside(import.meta.url, async () => {
  const say = progress('rounds')

  await t.test(`${TOGETHER} clean-ups with the same images`, async (t) => {
    for (let round = 0; round < ROUNDS; round++) {
      say(round, ROUNDS)
      const world = makeWorld(t)
      const images = world.copies.map(() => world.images)
      await together(t, world, images, true)
    }
  })

  await t.test(
    `${TOGETHER} clean-ups with copies of the images, which no lock holds apart`,
    async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        say(round, ROUNDS)
        const world = makeWorld(t)
        await together(t, world, world.copies, false)
      }
    },
  )

  await t.test('a clean-up while CRIU is at work on the images', async (t) => {
    const { base, root, images, links } = makeWorld(t)
    const criu = await pretendCriu(t, base, images)
    const before = manifest(base)
    const busy = await clean(images, root)
    t.equal(busy.code, 6, 'busy')
    t.match(busy.report.error?.message, new RegExp(`process ${criu.pid}\\b`), 'says who')
    t.match(busy.stderr, /nothing was touched; try again/)
    t.strictSame(onlyRemoved(before, manifest(base), []), [], 'nothing was touched')
    const ended = new Promise((resolve) => criu.once('exit', resolve))
    criu.kill('SIGKILL')
    await ended
    const after = await clean(images, root)
    t.equal(after.code, 0, after.stderr)
    t.equal(after.report.totals.removed, links.length, 'the next one does it')
  })
})
