import { readRemaps, type Remaps } from '../../../src/checkpoint/remaps.js'
import { LIMITS } from '../../../src/limits.js'
import { dumpImages, image, type DumpSpec } from '../../encode/images.js'
import { encode, file, remap, type RegFile } from '../../encode/messages.js'
import { refuses, test, type Test } from '../support/check.js'
import { openIn, type Change } from './dump.js'

const readSpec = (t: Test, spec: DumpSpec, change?: Change, limit?: number): Remaps => {
  const images = dumpImages(spec)
  change?.(images)
  return readRemaps(openIn(t, images), limit)
}

/** One remap of file 6 as the link of file 7, with what is special about either. */
const one = (link: Partial<RegFile>, original: Partial<RegFile> = {}): DumpSpec => ({
  files: [
    file({ id: 6, name: '/d/link_remap.6', ...link }),
    file({ id: 7, name: '/d/orig', mode: 0o100600, ...original }),
  ],
  remaps: [remap(7, 6, 0)],
})

test('a link and its original are joined', (t) => {
  const { remaps, unlisted, counts } = readSpec(t, one({}, { mntId: 312, size: 5 }))
  t.strictSame(remaps, [
    {
      remapId: 6,
      origId: 7,
      link: '/d/link_remap.6',
      original: { path: '/d/orig', size: 5, mode: 0o100600, mntId: 312 },
      invalid: undefined,
      duplicate: false,
    },
  ])
  t.strictSame(unlisted, [])
  t.strictSame(counts, { ghost: 0, procfs: 0, unknown: 0 })
})

test('what was not recorded is undefined; mnt_id -1 is not recorded', (t) => {
  const bare: DumpSpec = {
    files: [file({ id: 6, name: '/link_remap.6' }), file({ id: 7, name: '/orig' })],
    remaps: [remap(7, 6, 0)],
  }
  const nothing = { path: '/orig', size: undefined, mode: undefined, mntId: undefined }
  t.strictSame(readSpec(t, bare).remaps[0]?.original, nothing)
  t.equal(readSpec(t, one({}, { mntId: -1 })).remaps[0]?.original.mntId, undefined)
  t.equal(readSpec(t, one({}, { mntId: 0 })).remaps[0]?.original.mntId, 0)
})

test('the type of a remap: written, absent, and of the old bit', (t) => {
  const link = { id: 6, link: '/d/link_remap.6' }
  const cases: readonly (readonly [Buffer, Partial<Remaps['counts']>, number])[] = [
    [remap(7, 6, 0), {}, 1],
    [remap(7, 6), {}, 1],
    [remap(7, 6, 1), { ghost: 1 }, 0],
    [remap(7, 0x80000006), { ghost: 1 }, 0],
    [remap(7, 0x80000000), { ghost: 1 }, 0],
    [remap(7, 6, 2), { procfs: 1 }, 0],
    [remap(7, 6, 3), { unknown: 1 }, 0],
    [remap(7, 6, 4), { unknown: 1 }, 0],
    [remap(7, 6, 99), { unknown: 1 }, 0],
    [remap(7, 6, 0xffffffff), { unknown: 1 }, 0],
  ]
  for (const [entry, counts, links] of cases) {
    const found = readSpec(t, { links: [link] }, (images) =>
      images.set('remap-fpath.img', image('remap-fpath', [entry])),
    )
    t.strictSame(found.counts, { ghost: 0, procfs: 0, unknown: 0, ...counts })
    t.equal(found.remaps.length, links)
  }
})

test('a ghost’s id that equals a file’s is never read as a link', (t) => {
  // File 6 looks like a link in everything: only the type of the remap says otherwise.
  for (const ghost of [remap(7, 6, 1), remap(7, 0x80000006)]) {
    const { remaps, unlisted } = readSpec(t, {
      files: [file({ id: 6, name: '/d/link_remap.6' }), file({ id: 7, name: '/d/orig' })],
      remaps: [ghost],
    })
    t.strictSame([remaps, unlisted.map(({ id }) => id)], [[], [6]], 'it is named, and left alone')
  }
})

test('a written LINKED with bit 31 is a link: ids of 32 bits are printed as negative', (t) => {
  const id = 0x80000005
  const spec = (name: string): DumpSpec => ({
    files: [file({ id, name }), file({ id: 7, name: '/d/orig' })],
    remaps: [remap(7, id, 0)],
  })
  const [good] = readSpec(t, spec('/d/link_remap.-2147483643')).remaps
  t.hasStrict(good, { remapId: id, invalid: undefined })
  const [bad] = readSpec(t, spec('/d/link_remap.2147483653')).remaps
  t.match(bad?.invalid, /name of the link is not link_remap\.-2147483643/)
})

test('the name of a link is link_remap.<its id>, and nothing else is', (t) => {
  const names = [
    '/d/link_remap.7',
    '/d/link_remap.06',
    '/d/link_remap.6x',
    '/d/xlink_remap.6',
    '/d/LINK_REMAP.6',
    '/d/link_remap.6 (deleted)',
    '/d/link_remap.',
    '/link_remap.6/passwd',
    '/etc/passwd',
    '/d/orig',
    '/',
  ]
  for (const name of names)
    t.match(
      readSpec(t, one({ name })).remaps[0]?.invalid,
      /name of the link is not link_remap\.6/,
      name,
    )
  t.equal(readSpec(t, one({ name: '/link_remap.6' })).remaps[0]?.invalid, undefined)
})

test('the path of a link is one that a system call may get', (t) => {
  const paths: readonly (readonly [string, RegExp])[] = [
    ['/a/../link_remap.6', /component "\.\."/],
    ['/../link_remap.6', /component "\.\."/],
    ['/a/./link_remap.6', /component "\."/],
    ['/a//link_remap.6', /empty component/],
    ['//link_remap.6', /empty component/],
    ['/a\0b/link_remap.6', /NUL/],
    ['/link_remap.6\0', /NUL/],
    ['a/link_remap.6', /not absolute/],
    ['./link_remap.6', /not absolute/],
    ['link_remap.6', /not absolute/],
    ['', /not absolute/],
    [`/${'x'.repeat(256)}/link_remap.6`, /longer than 255/],
    [`${`/${'x'.repeat(200)}`.repeat(21)}/link_remap.6`, /longer than 4095/],
  ]
  for (const [name, problem] of paths)
    t.match(
      readSpec(t, one({ name })).remaps[0]?.invalid,
      problem,
      JSON.stringify(name).slice(0, 40),
    )
})

test('odd bytes in a path are not a problem', (t) => {
  const name = Buffer.from('/\xff\n\x1b[31m/link_remap.6', 'latin1')
  const [found] = readSpec(t, one({ name })).remaps
  t.equal(found?.invalid, undefined)
  t.equal(found?.link, name.toString('latin1'))
})

test('an entry that a task had open is no link, whatever its name', (t) => {
  for (const extra of [{ mntId: 312 }, { mntId: -1 }, { mode: 0o100644 }, { ext: true }])
    t.match(
      readSpec(t, one(extra)).remaps[0]?.invalid,
      /which a task had open/,
      JSON.stringify(extra),
    )
})

test('an id that two entries claim, or an entry whose ids differ', (t) => {
  const twice = (id: number): Buffer => file({ id, name: '/d/link_remap.6' })
  for (const id of [6, 7]) {
    const spec = one({})
    const found = readSpec(t, { ...spec, files: [...spec.files!, twice(id)] })
    t.match(found.remaps[0]?.invalid, new RegExp(`more than one entry claims the file id ${id}`))
  }
  const differs = readSpec(t, {
    files: [file({ id: 6, name: '/d/link_remap.6' }, 7), file({ id: 7, name: '/d/orig' })],
    remaps: [remap(7, 6, 0)],
  })
  t.not(differs.remaps[0]?.invalid, undefined)
})

test('missing files in whole images are invalid, in cut ones unlisted', (t) => {
  const links = [{ id: 6, link: '/d/link_remap.6' }]
  const spec: DumpSpec = { links, remaps: [remap(99, 6, 0), remap(7, 98, 0)] }
  const whole = readSpec(t, spec)
  t.strictSame(
    whole.remaps.map(({ invalid }) => invalid),
    [
      undefined,
      'no regular file has the id 99 of the original',
      'no regular file has the id 98 of the link',
    ],
  )
  t.strictSame(whole.unlisted, [])
  const cut = readSpec(t, spec, (images) =>
    images.set('files.img', Buffer.concat([images.get('files.img')!, Buffer.from([1])])),
  )
  t.strictSame(
    cut.remaps.map(({ remapId, origId }) => [remapId, origId]),
    [[6, 7]],
  )
  t.strictSame(cut.unlisted, [
    { id: 6, link: '/d/link_remap.6' },
    { id: 98, link: undefined },
  ])
})

test('without any files image every remap is unlisted', (t) => {
  const found = readSpec(t, { links: [{ id: 6, link: '/d/link_remap.6' }] }, (images) =>
    images.delete('files.img'),
  )
  t.strictSame([found.remaps, found.unlisted], [[], [{ id: 6, link: undefined }]])
})

test('the same link twice is one link', (t) => {
  const spec: DumpSpec = {
    files: [
      file({ id: 6, name: '/d/link_remap.6' }),
      file({ id: 7, name: '/d/orig' }),
      file({ id: 8, name: '/d/other' }),
    ],
    remaps: [remap(7, 6, 0), remap(7, 6, 0), remap(8, 6, 0)],
  }
  t.strictSame(
    readSpec(t, spec).remaps.map(({ duplicate }) => duplicate),
    [false, true, true],
  )
})

test('the same path on two mounts is two links', (t) => {
  const { remaps } = readSpec(t, {
    files: [
      file({ id: 6, name: '/d/link_remap.6' }),
      file({ id: 7, name: '/d/orig', mntId: 43 }),
      file({ id: 8, name: '/d/orig', mntId: 44 }),
    ],
    remaps: [remap(7, 6, 0), remap(8, 6, 0)],
  })
  t.strictSame(
    remaps.map(({ duplicate }) => duplicate),
    [false, false],
  )
})

test('each mount has its own links: the first of a name on it, and what repeats that', (t) => {
  const on = [43, 44, 43, undefined, 44, undefined, 45]
  const { remaps } = readSpec(t, {
    files: [
      file({ id: 6, name: '/d/link_remap.6' }),
      file({ id: 8, name: '/d/link_remap.8' }),
      ...on.map((mntId, i) =>
        file({ id: 100 + i, name: '/d/orig', ...(mntId === undefined ? {} : { mntId }) }),
      ),
    ],
    remaps: [...on.map((_, i) => remap(100 + i, 6, 0)), remap(100, 8, 0), remap(102, 8, 0)],
  })
  t.strictSame(
    remaps.map(({ duplicate }) => duplicate),
    [false, false, true, false, true, true, false, false, true],
  )
})

test('an invalid remap is no duplicate, and none of it', (t) => {
  const files = [
    file({ id: 6, name: '/d/link_remap.6' }),
    file({ id: 7, name: '/d/orig' }),
    file({ id: 8, name: '/d/link_remap.6' }),
  ]
  // File 8 has the name of another link: invalid, with the name and the mount of a good one.
  for (const [order, expected] of [
    [
      [8, 6, 6],
      [false, false, true],
    ],
    [
      [6, 8, 8, 6],
      [false, false, false, true],
    ],
  ] as const) {
    const { remaps } = readSpec(t, { files, remaps: order.map((id) => remap(7, id, 0)) })
    t.strictSame(
      remaps.map(({ invalid }) => invalid !== undefined),
      order.map((id) => id === 8),
    )
    t.strictSame(
      remaps.map(({ duplicate }) => duplicate),
      expected,
    )
  }
})

test('a good remap after an invalid one of the same link is not its duplicate', (t) => {
  // A duplicate is left to the first; the first is left alone, so nobody would remove the link.
  const { remaps } = readSpec(t, {
    files: [file({ id: 6, name: '/d/link_remap.6' }), file({ id: 7, name: '/d/orig' })],
    remaps: [remap(99, 6, 0), remap(7, 6, 0)],
  })
  t.match(remaps[0], { duplicate: false, invalid: /id 99/ })
  t.hasStrict(remaps[1], { duplicate: false, invalid: undefined })
})

test('a remap before its type was written', (t) => {
  const { remaps } = readSpec(t, { links: [{ id: 6, link: '/d/link_remap.6', untyped: true }] })
  t.hasStrict(remaps, [{ remapId: 6, origId: 7, invalid: undefined }])
})

test('reg-files.img of version 1', (t) => {
  const links = [{ id: 6, link: '/d/link_remap.6', mntId: 44, size: 3 }]
  const found = readSpec(t, { version: 1, regFilesImage: true, links })
  t.hasStrict(found.remaps, [{ link: '/d/link_remap.6', original: { mntId: 44, size: 3 } }])
  t.equal(found.files.name, 'reg-files.img')
})

test('links that a cut remap-fpath.img no longer lists are found in files.img', (t) => {
  const links = [
    { id: 6, link: '/d/link_remap.6' },
    { id: 8, link: '/d/link_remap.8' },
  ]
  const cuts: readonly (readonly [string, Change, number])[] = [
    [
      'cut',
      (images) => {
        const data = images.get('remap-fpath.img')!
        images.set('remap-fpath.img', data.subarray(0, data.length - 1))
      },
      1,
    ],
    ['empty', (images) => images.set('remap-fpath.img', Buffer.alloc(0)), 0],
    ['absent', (images) => images.delete('remap-fpath.img'), 0],
  ]
  for (const [name, change, listed] of cuts) {
    const { remaps, unlisted } = readSpec(t, { links }, change)
    t.equal(remaps.length, listed, name)
    t.strictSame(unlisted, links.slice(listed), name)
  }
})

test('a dump without remaps has neither their image nor links', (t) => {
  const { remaps, unlisted, listing } = readSpec(t, { files: [file({ id: 7, name: '/d/orig' })] })
  t.strictSame([remaps, unlisted, listing.state], [[], [], 'absent'])
})

test('an original may have any name that is not too long', (t) => {
  const long = 'x'.repeat(4095)
  for (const name of ['', 'a', '//', '/a/../b', '/\0', long]) {
    const [found] = readSpec(t, one({}, { name })).remaps
    t.hasStrict(found, { invalid: undefined, original: { path: name } }, name.slice(0, 20))
  }
  const [found] = readSpec(t, one({}, { name: `${long}x`, mntId: 44, size: 3 })).remaps
  t.hasStrict(found, {
    invalid: 'the path of the original is longer than 4095 bytes',
    original: { path: '', mntId: 44, size: 3 },
    link: '/d/link_remap.6',
  })
})

test('a path that is too long is nowhere', (t) => {
  const name = `/${'x'.repeat(4096)}/link_remap.6`
  const [found] = readSpec(t, one({ name })).remaps
  t.hasStrict(found, { invalid: 'the path of the link is longer than 4095 bytes', link: '' })
  const [listed] = readSpec(t, one({ name }), (images) => {
    const data = image('files', [file({ id: 6, name })])
    images.set('files.img', Buffer.concat([data, Buffer.from([1])]))
  }).unlisted
  t.strictSame(listed, { id: 6, link: undefined }, 'not where its original is lost')
  const { unlisted } = readSpec(t, { files: [file({ id: 6, name })] })
  t.strictSame(unlisted, [{ id: 6, link: undefined }], 'not where its remap is lost')
})

test('unknown fields in an entry mean nothing', (t) => {
  const future = encode({ 1: 7, 2: 6, 3: 0, 4: 'from the future' })
  const spec: DumpSpec = { ...one({}), remaps: [future] }
  t.hasStrict(readSpec(t, spec).remaps, [{ remapId: 6, invalid: undefined }])
})

test('more link remaps than may be are refused', (t) => {
  const entry = image('remap-fpath', [remap(7, 6, 0)]).subarray(8)
  const many =
    (count: number, of = entry): Change =>
    (images) =>
      images.set(
        'remap-fpath.img',
        Buffer.concat([image('remap-fpath', []), ...Array<Buffer>(count).fill(of)]),
      )
  const error = refuses(
    t,
    () => readSpec(t, {}, many(LIMITS.remaps + 1)),
    'bad-images',
    /more than 100000 link remaps/,
  )
  t.match(error?.where, /remap-fpath\.img$/)
  t.match(error?.next, /nothing was touched.*--max-remaps, up to 1000000$/)
  t.equal(readSpec(t, {}, many(5), 5).remaps.length, 5, 'up to a given limit')
  refuses(t, () => readSpec(t, {}, many(6), 5), 'bad-images', /more than 5 link remaps/)
  t.equal(readSpec(t, {}, many(LIMITS.remaps + 1), LIMITS.remaps + 1).remaps.length, 100_001)
  const ghost = image('remap-fpath', [remap(7, 6, 1)]).subarray(8)
  t.equal(readSpec(t, {}, many(LIMITS.remaps + 1, ghost)).counts.ghost, LIMITS.remaps + 1)
})

test('a file that is its own link', (t) => {
  const spec: DumpSpec = {
    files: [file({ id: 6, name: '/d/link_remap.6' })],
    remaps: [remap(6, 6, 0)],
  }
  t.match(readSpec(t, spec).remaps[0]?.invalid, /also that of the original/)
})
