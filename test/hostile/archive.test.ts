// The images in an archive, as a runtime makes it: the same links go as with the directory, the archive stays as it was,
// and nothing is ever unpacked. Archives that somebody else made end in one clear line, with nothing touched.
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { readClocks } from '../../src/host/clock.js'
import { image } from '../encode/images.js'
import { encode } from '../encode/messages.js'
import { entry, pax, tar } from '../encode/tar.js'
import { frame, rleBlock, zstd } from '../encode/zstd.js'
import { verdicts } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { must } from '../rig/command.js'
import { needs } from '../rig/needs.js'
import { background, newWorld, test, unchanged, type World } from './rig.js'

const LINKS = [4, 6, 90]

/** Of a clock in seconds. */
const timespec = (now: number): Buffer =>
  encode({ 1: Math.floor(now), 2: Math.floor((now % 1) * 1e9) })

/** In microseconds: longer than the test takes to make its links. */
const TOOK = 600e6

/** Three links of which the images know, and victims; what the kernel's clock said, and how long it took. */
const dumped = (t: Test): World => {
  const world = newWorld(t)
  world.link('app', 4)
  world.link('srv', 6)
  world.dump()
  const { realtime, boottime, monotonic } = readClocks()
  const clocks = encode({ 1: timespec(monotonic), 2: timespec(boottime) })
  fs.writeFileSync(join(world.images, 'timens-0.img'), image('timens', [clocks]))
  const stats = encode({ 1: encode({ 1: TOOK, 2: 1 }) })
  fs.writeFileSync(join(world.images, 'stats-dump'), image('stats', [stats]))
  const end = realtime.sec + realtime.nsec / 1e9
  for (const name of fs.readdirSync(world.images)) fs.utimesSync(join(world.images, name), end, end)
  return world
}

const linksOf = (world: World): string[] => [
  world.at('app/link_remap.4'),
  world.at('srv/link_remap.6'),
  world.at('good/link_remap.90'),
]

/** The images as `checkpoint` in an archive beside others, and the directory gone. */
const packed = (world: World, name: string, ...options: string[]): string => {
  const above = join(world.base, 'above')
  fs.mkdirSync(above)
  fs.renameSync(world.images, join(above, 'checkpoint'))
  fs.mkdirSync(world.images)
  fs.writeFileSync(join(above, 'spec.dump'), '{}')
  fs.writeFileSync(join(above, 'checkpoint/pages-1.img'), Buffer.alloc(1 << 20, 'p'))
  fs.writeFileSync(join(above, 'checkpoint/pages-2.img'), 'p')
  fs.truncateSync(join(above, 'checkpoint/pages-2.img'), 8 << 20)
  const file = join(world.images, name)
  must('tar', [...options, '-cf', file, '-C', above, '.'])
  fs.rmSync(above, { recursive: true })
  return file
}

const argsOf = (world: World, file: string, ...more: string[]): string[] => [
  ...['-D', file, '-r', world.root],
  ...more,
]

const SORTS: readonly (readonly [
  what: string,
  name: string,
  options: string[],
  needed?: string,
])[] = [
  ['tar', 'it.tar', ['--format=gnu']],
  ['tar of pax', 'it.tar', ['--format=posix']],
  ['sparse tar', 'it.tar', ['--format=posix', '--sparse']],
  ['tar.gz', 'it.tar.gz', ['--format=gnu', '-z']],
  ['tar.zst', 'it.tar.zst', ['--format=gnu', '--zstd'], 'zstd'],
  ['tar without an ending', 'checkpoint', ['--format=ustar']],
]

await inside(import.meta.url, () => {
  for (const [what, name, options, needed] of SORTS)
    test(
      `${what}: what it lists is removed`,
      { skip: needed === undefined ? false : needs(needed) },
      (t) => {
        const world = dumped(t)
        const file = packed(world, name, ...options)
        const show = unchanged(t, world, ['show', ...argsOf(world, file), '--json'])
        t.strictSame(verdicts(show).sort(), LINKS.map((id) => `${id} would-remove`).sort())
        t.equal(show.code, 3)
        const clean = unchanged(
          t,
          world,
          ['clean', ...argsOf(world, file), '--json'],
          linksOf(world),
        )
        t.strictSame(verdicts(clean).sort(), LINKS.map((id) => `${id} removed`).sort())
        t.equal(clean.code, 0, clean.stderr)
        const again = unchanged(t, world, ['clean', ...argsOf(world, file), '--json'])
        t.equal(again.code, 0)
      },
    )

  test('one that is cut is not whole', (t) => {
    const world = dumped(t)
    const file = packed(world, 'it.tar', '--format=gnu', '--sort=name')
    fs.truncateSync(file, fs.readFileSync(file).lastIndexOf('./spec.dump') + 100)
    const { code, report } = unchanged(
      t,
      world,
      ['clean', ...argsOf(world, file), '--json'],
      linksOf(world),
    )
    t.equal(code, 4)
    t.match(JSON.stringify(report), /the archive breaks off at byte \d+/)
  })

  const octets = (head: number[]): Buffer =>
    Buffer.concat([Buffer.from(head), Buffer.alloc(11, 0xff)])
  const HOSTILE: Record<string, readonly [Buffer, number, RegExp]> = {
    'a name that leads out': [tar({ name: '../../etc/cron.d/x', data: 'x' }), 7, /leads out of it/],
    'links for images': [
      tar(
        { name: 'checkpoint/inventory.img', type: '2', link: '/etc/passwd' },
        { name: 'checkpoint/files.img', type: '1', link: '/etc/passwd' },
      ),
      7,
      /is a symbolic link/,
    ],
    'a device for an image': [tar({ name: 'inventory.img', type: '3' }), 7, /is a device/],
    'a negative size': [tar({ name: 'x', size: octets([0xff]) }), 7, /has no size/],
    'an absurd size': [tar({ name: 'x', size: octets([0x80]) }), 7, /a number that is none/],
    'an absurd size of pax': [tar(pax({ size: '1e300' }), { name: 'x' }), 7, /has no size/],
    'nothing but a header': [
      entry({ name: 'inventory.img', size: '77777777777\0' }),
      7,
      /the limit is/,
    ],
    'a window of two GiB': [frame([rleBlock(0, 9, true)], { window: 21 << 3 }), 7, /the limit is/],
    'noise in zstd': [zstd(Buffer.alloc(4096, 'noise')), 7, /is not a tar archive/],
    xz: [Buffer.from('\xfd7zXZ\0.......', 'latin1'), 2, /compressed with xz/],
    text: [Buffer.alloc(4096, 'text '), 7, /is not a tar archive/],
    nothing: [Buffer.alloc(0), 2, /an empty file/],
  }
  for (const [what, [data, code, says]] of Object.entries(HOSTILE))
    test(`${what}: refused with nothing touched`, (t) => {
      const world = dumped(t)
      const file = join(world.images, 'it')
      fs.writeFileSync(file, data)
      const run = unchanged(t, world, ['clean', ...argsOf(world, file)])
      t.equal(run.code, code, run.stderr)
      t.match(run.stderr, says)
      t.match(run.stderr, /nothing was (?:touched|deleted)/)
      t.ok(run.stderr.includes(file), 'it says where')
    })

  test('a bomb ends at the limit', (t) => {
    const world = dumped(t)
    const file = join(world.images, 'it.tar.zst')
    // An entry of 32 GiB, of which each block says 128 KiB in four bytes.
    const size = Buffer.alloc(12)
    size[0] = 0x80
    size.writeBigUInt64BE(32n << 30n, 4)
    const head = zstd(entry({ name: 'checkpoint/pages-1.img', size }))
    const blocks = Array.from({ length: (32 * 1024 ** 3) / 131072 }, () =>
      rleBlock(0, 131072, false),
    )
    fs.writeFileSync(file, Buffer.concat([head, frame(blocks)]))
    const run = unchanged(t, world, ['clean', ...argsOf(world, file)])
    t.equal(run.code, 7, run.stderr)
    t.match(run.stderr, /more than 17179869184 bytes are compressed in it/)
  })

  test('whoever has the archive open is at work', async (t) => {
    const world = dumped(t)
    const file = packed(world, 'it.tar')
    for (const mode of ['<', '>>']) {
      const child = background(t, 'sh', [
        '-c',
        `exec 7${mode}"$0" && echo ready && exec sleep 1000`,
        file,
      ])
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      const run = unchanged(t, world, ['clean', ...argsOf(world, file)])
      t.equal(run.code, 6, run.stderr)
      t.match(run.stderr, /has the archive open/)
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
  })

  test('a directory with "checkpoint" in it is what is in there', (t) => {
    const world = dumped(t)
    fs.mkdirSync(join(world.images, 'checkpoint'))
    for (const name of fs.readdirSync(world.images))
      if (name !== 'checkpoint')
        fs.renameSync(join(world.images, name), join(world.images, 'checkpoint', name))
    const run = unchanged(
      t,
      world,
      ['clean', ...argsOf(world, world.images), '--json'],
      linksOf(world),
    )
    t.equal(run.code, 0, run.stderr)
    t.equal(run.report?.imagesDir, join(world.images, 'checkpoint'))
  })
})
