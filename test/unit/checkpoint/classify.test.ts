// The kind of a dump by its images: each fact on its way from a directory to the verdict.
import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import { image, type DumpSpec } from '../../encode/images.js'
import { encode, file, ids, remap } from '../../encode/messages.js'
import { test, type Test } from '../support/check.js'
import { dumpIn, read, ROWS, type Change } from './dump.js'

const SPEC: DumpSpec = {
  links: [
    { id: 6, link: '/var/link_remap.6', mntId: 43, size: 5 },
    { id: 8, link: '/data/link_remap.8', mntId: 45 },
  ],
  namespaces: new Map([[9, ROWS]]),
}

const kind = ({ dump, signs }: Checkpoint): string[] => [dump, ...signs]

const kindOf = (t: Test, change?: Change): string[] => {
  const found = read(t, SPEC, change)
  t.equal(found.complete, found.dump === 'whole')
  return kind(found)
}

const without = (images: Map<string, Buffer>, ...names: string[]): void => {
  for (const name of names) if (!images.delete(name)) throw new Error(`${name} is not there`)
}
const empty = Buffer.alloc(0)

/** In seconds, as utimes takes it. */
const afterInventory = (dir: string, seconds: number): number =>
  fs.statSync(path.join(dir, 'inventory.img')).mtimeMs / 1000 + seconds

test('a whole dump', (t) => {
  t.strictSame(kindOf(t), ['whole'])
  const seen = read(t, SPEC)
  t.match(seen.times, { inOrder: true, wholeSeconds: false, tookSeconds: undefined })
  t.match(seen.hints, { dumpLog: undefined, rolledBack: false, failedRestores: [] })
  t.ok(seen.times.written!.sec > 0 && seen.times.earliest!.sec > 0)
})

test('a pre-dump, alone and beside a dump', (t) => {
  const inventory = image('inventory', [encode({ 1: 0, 9: 1 })])
  const alone = readCheckpoint(t.testdir({ 'inventory.img': inventory }))
  t.match(alone, { dump: 'pre-dump', signs: [], complete: true, preDump: true })
  t.ok(alone.times.written!.sec > 0)
  t.match(
    kindOf(t, (images) => images.set('inventory.img', inventory)),
    ['mixed', 'inventory.img is that of a pre-dump'],
  )
})

test('a task without core image, also where there is no inventory', (t) => {
  const sign = ['mixed', 'task 1 has no core-1.img']
  t.strictSame(
    kindOf(t, (images) => without(images, 'core-1.img')),
    sign,
  )
  t.strictSame(
    kindOf(t, (images) => without(images, 'core-1.img', 'inventory.img')),
    sign,
  )
})

test('ids of no task', (t) => {
  t.strictSame(
    kindOf(t, (images) => images.set('ids-7.img', image('ids', [ids({ mnt: 9 })]))),
    ['mixed', 'ids-7.img is of no task in pstree.img'],
  )
})

test('an image that is newer than the inventory, which is written after it', (t) => {
  for (const name of [
    'ids-1.img',
    'core-1.img',
    'pstree.img',
    'mountpoints-9.img',
    'fdinfo-2.img',
  ]) {
    const dir = dumpIn(t, SPEC, (images) => images.set('fdinfo-2.img', Buffer.from('x')))
    const later = afterInventory(dir, 3)
    fs.utimesSync(path.join(dir, name), later, later)
    t.match(kind(readCheckpoint(dir)), ['mixed', RegExp(`^${name} was written 3\\.0 s after inv`)])
  }
  const dir = dumpIn(t, SPEC)
  const later = Date.now() / 1000 + 3
  for (const name of ['files.img', 'remap-fpath.img'])
    fs.utimesSync(path.join(dir, name), later, later)
  t.strictSame(kind(readCheckpoint(dir)), ['whole'], 'these are written after it')
})

test('a dump that was killed lacks what it says', (t) => {
  const { length } = image('files', [])
  const half = (images: Map<string, Buffer>, name: string): void => {
    images.set(name, images.get(name)!.subarray(0, -1))
  }
  for (const [sign, change] of [
    ['inventory.img is empty', (images) => images.set('inventory.img', empty)],
    ['inventory.img is cut at byte', (images) => half(images, 'inventory.img')],
    [
      'inventory.img has no entry of a finished dump',
      (images) => images.set('inventory.img', image('inventory', [])),
    ],
    ['pstree.img is missing', (images) => without(images, 'pstree.img')],
    ['pstree.img is cut at byte', (images) => half(images, 'pstree.img')],
    ['files.img is cut at byte', (images) => half(images, 'files.img')],
    ['files.img is missing', (images) => without(images, 'files.img')],
    ['remap-fpath.img is empty', (images) => images.set('remap-fpath.img', empty)],
    ['remap-fpath.img is cut at byte', (images) => half(images, 'remap-fpath.img')],
    ['ids-1.img is empty', (images) => images.set('ids-1.img', empty)],
    ['the root task has no ids image', (images) => without(images, 'ids-1.img')],
    ['core-1.img is empty', (images) => images.set('core-1.img', empty)],
    ['fdinfo-2.img is empty', (images) => images.set('fdinfo-2.img', empty)],
    ['mountpoints-9.img is missing or cut', (images) => without(images, 'mountpoints-9.img')],
    ['mountpoints-9.img is missing or cut', (images) => half(images, 'mountpoints-9.img')],
    [
      '1 of the links lack one of their entries',
      (images) => {
        const listing = images.get('remap-fpath.img')!
        images.set('remap-fpath.img', listing.subarray(0, length + (listing.length - length) / 2))
      },
    ],
  ] as readonly (readonly [string, Change])[]) {
    const [dump, ...signs] = kindOf(t, change)
    t.equal(dump, 'killed', sign)
    t.ok(
      signs.some((one) => one === sign || (sign.endsWith('at byte') && one.startsWith(sign))),
      `${sign}: ${signs.join()}`,
    )
  }
})

test('a dump that failed wrote out what it had', (t) => {
  const failed = (change?: Change) =>
    kindOf(t, (images) => {
      without(images, 'inventory.img', 'pstree.img', 'core-1.img')
      change?.(images)
    })
  t.match(failed(), ['failed', /^every image was closed/, 'inventory.img is missing', /^pstree/])
  t.equal(failed((images) => without(images, 'mountpoints-9.img'))[0], 'failed')
  for (const name of ['ids-1.img', 'fs-1.img', 'remap-fpath.img'])
    t.equal(failed((images) => images.set(name, empty))[0], 'killed', `${name} was not`)
  t.equal(
    failed((images) => without(images, 'remap-fpath.img'))[0],
    'killed',
    'links without remaps',
  )
})

test('nothing says anything about links', (t) => {
  const blind = (change: Change) =>
    kindOf(t, (images) => {
      without(images, 'inventory.img', 'pstree.img')
      change(images)
    })[0]
  t.equal(
    blind((images) => images.set('files.img', empty).set('remap-fpath.img', empty)),
    'blind',
  )
  t.equal(
    blind((images) => without(images, 'files.img', 'remap-fpath.img')),
    'blind',
  )
  t.equal(
    blind((images) => images.set('files.img', empty)),
    'killed',
    'a listing without its files',
  )
})

test('of two dumps a remap is used whose three entries agree, the others are named', (t) => {
  const change: Change = (images) => {
    without(images, 'core-1.img')
    images.set('remap-fpath.img', image('remap-fpath', [remap(7, 6, 0), remap(9, 8, 0)]))
    images.set(
      'files.img',
      image('files', [
        file({ id: 6, name: '/var/link_remap.6' }),
        file({ id: 7, name: '/var/f', mntId: 43 }),
        file({ id: 8, name: '/data/link_remap.8' }),
      ]),
    )
  }
  const mixed = read(t, SPEC, change)
  t.match(mixed, {
    dump: 'mixed',
    complete: false,
    unlisted: [{ id: 8, link: '/data/link_remap.8' }],
  })
  t.strictSame(
    mixed.remaps.map(({ link, invalid }) => [link, invalid]),
    [['/var/link_remap.6', undefined]],
  )
  const damaged = read(t, SPEC, (images) => {
    change(images)
    images.set('core-1.img', Buffer.from('x'))
  })
  t.match(damaged, { dump: 'whole', unlisted: [] }, 'of one dump that is damage')
  t.match(damaged.remaps[1]?.invalid, /no regular file has the id 9 of the original/)
})

/** A log written now, begun two seconds ago. */
const log = (end: string): string => `(00.000000) CRIU\n(02.000000) ${end}\n`
const FAILED = log('Error (criu/cr-dump.c:1975): Dumping FAILED.')

test('logs beside the images, and what they are taken for', (t) => {
  const dir = dumpIn(t, SPEC)
  const put = (text: string, inSeconds = 0): void => {
    const at = path.join(dir, 'dump.log')
    fs.writeFileSync(at, text)
    const time = afterInventory(dir, inSeconds)
    fs.utimesSync(at, time, time)
  }
  put(log('Dumping finished successfully'))
  t.match(readCheckpoint(dir), { dump: 'whole', hints: { dumpLog: { ended: 'finished' } } })
  put(FAILED)
  const failed = readCheckpoint(dir)
  t.match(failed, { dump: 'failed', hints: { rolledBack: true, dumpLog: { ended: 'failed' } } })
  t.strictSame(failed.signs, [`${dir}/dump.log ends with "Dumping FAILED"`])
  put(FAILED, 60)
  t.match(readCheckpoint(dir), { dump: 'mixed', hints: { rolledBack: false } })
  put(FAILED, -60)
  t.match(readCheckpoint(dir), { dump: 'whole', hints: { dumpLog: undefined } }, 'an old one')
})

test('of two dumps the log of the first says nothing of the second', (t) => {
  const dir = dumpIn(t, SPEC)
  fs.writeFileSync(path.join(dir, 'dump.log'), log('Dumping finished successfully'))
  const later = Math.ceil(Date.now() / 1000) + 3
  fs.utimesSync(path.join(dir, 'core-1.img'), later, later)
  const { dump, times } = readCheckpoint(dir)
  t.equal(dump, 'mixed')
  t.ok((times.earliest?.sec ?? 0) > Math.floor(afterInventory(dir, 0)), 'not of the first')
})

test('a log that is named and not of these images is not used, and that is said', (t) => {
  const dir = dumpIn(t, SPEC)
  const [dumpLog, restoreLog] = [path.join(dir, 'd'), path.join(dir, 'r')]
  for (const name of [dumpLog, restoreLog]) {
    fs.writeFileSync(name, FAILED)
    fs.utimesSync(name, 1000, 1000)
  }
  const { dump, notes } = readCheckpoint(dir, { dumpLog, restoreLog })
  t.equal(dump, 'whole')
  t.strictSame(notes, [
    `${dumpLog} is not of these images: it was not used`,
    `${restoreLog} is not of these images: it was not used`,
  ])
  t.strictSame(readCheckpoint(dir).notes, [])
})

test('the name of the run in the inventory tells whose log it is', (t) => {
  const dir = dumpIn(t, SPEC, (images) =>
    images.set(
      'inventory.img',
      image('inventory', [encode({ 1: 2, 2: true, 3: ids(), 4: true, 8: 5_250_000, 13: 'run-1' })]),
    ),
  )
  t.equal(readCheckpoint(dir).times.dumpUptime, 5.25)
  const put = (id: string): void => {
    const at = path.join(dir, 'dump.log')
    fs.writeFileSync(at, `(00.000000) CRIU run id = ${id}\n${FAILED}`)
    fs.utimesSync(at, 5e9, 5e9)
  }
  put('run-1')
  t.equal(readCheckpoint(dir).dump, 'failed')
  put('run-2')
  t.equal(readCheckpoint(dir).dump, 'mixed')
})
