import { toBuffer } from '../../../src/bytes.js'
import { GcError } from '../../../src/errors.js'
import { errorToJson, jsonPieces, toJson } from '../../../src/report/json.js'
import { VERDICTS } from '../../../src/report/report.js'
import type { JsonReport } from '../../../src/report/schema.js'
import { test } from '../support/check.js'
import { at, b, imageTimes, mapped, mount, namespace, remap } from '../support/model.js'
import {
  bytes,
  constructed,
  DATA,
  EVIL,
  OUTCOMES,
  reach,
  report,
  reported,
  ROOT,
  ROOT_PROVIDER,
  UNPROVEN,
} from './build.js'
import type { Report, ReportedRemap } from '../../../src/report/report.js'

/** As a caller reads it. */
const parse = (of: Report): JsonReport => JSON.parse(JSON.stringify(toJson(of))) as JsonReport

test('the whole document', (t) => {
  const one = report([reported(OUTCOMES.removed), reported(OUTCOMES.kept, 8)], {
    mounts: [
      constructed(ROOT, ROOT_PROVIDER),
      constructed(
        DATA,
        { kind: 'external', key: b('/data'), path: b('/srv'), sub: b('/sub') },
        { state: 'detached', problem: 'no place' },
      ),
    ],
    others: [{ directory: b('/var'), names: [b('link_remap.2'), b('link_remap.4')] }],
    checkpoint: {
      directory: '/images',
      dump: 'killed',
      signs: ['dump.log breaks off'],
      images: [{ name: 'files.img', state: 'truncated', entries: 3, bytes: 99, offset: 90 }],
      complete: false,
      tasks: 2,
      times: imageTimes({ written: at(1_700_000_000, 500_000_000) }),
      unlisted: [
        { id: 30, link: b('/x/link_remap.30') },
        { id: 32, link: undefined },
      ],
      counts: { ghost: 1, procfs: 2, unknown: 3 },
      notes: ['odd'],
    },
  })
  t.strictSame(parse(one), {
    schema: 'criu-gc/1',
    command: 'clean',
    exit: { code: 3, name: 'leftovers' },
    imagesDir: '/images',
    dump: 'killed',
    signs: ['dump.log breaks off'],
    complete: false,
    restorable: false,
    images: [{ name: 'files.img', state: 'truncated', entries: 3, bytes: 99, offset: 90 }],
    tree: 'namespaced',
    tasks: 2,
    preDump: false,
    writtenAt: '2023-11-14T22:13:20.500000000Z',
    namespaces: [{ id: 9, root: true, complete: true, mounts: 2 }],
    mounts: [
      {
        namespace: 9,
        mntId: 10,
        mountpoint: '/',
        fstype: 'unsupported',
        provider: { kind: 'root', path: '/rootfs', below: '/' },
        contents: 'provider',
        state: 'attached',
      },
      {
        namespace: 9,
        mntId: 14,
        mountpoint: '/data',
        fstype: 'tmpfs',
        provider: { kind: 'external', key: '/data', path: '/srv', below: '/sub' },
        contents: 'provider',
        state: 'detached',
        problem: 'no place',
      },
    ],
    remaps: [
      {
        id: 6,
        origId: 7,
        link: '/var/link_remap.6',
        original: '/var/gone',
        namespace: 9,
        mntId: 10,
        mountpoint: '/',
        fstype: 'unsupported',
        provider: { kind: 'root', path: '/rootfs', below: '/' },
        verdict: 'removed',
        size: 5,
        mode: 0o100644,
        nlink: 2,
        ctime: 1_700_000_000,
      },
      {
        id: 8,
        origId: 9,
        link: '/var/link_remap.8',
        original: '/var/gone',
        namespace: 9,
        mntId: 10,
        mountpoint: '/',
        fstype: 'unsupported',
        provider: { kind: 'root', path: '/rootfs', below: '/' },
        verdict: 'kept',
        reason: 'newer',
        accept: 'newer',
        message: 'it is newer',
        next: 'another dump? if not, --accept newer removes it',
      },
    ],
    unlisted: [{ id: 30, link: '/x/link_remap.30' }, { id: 32 }],
    others: [{ directory: '/var', names: ['link_remap.2', 'link_remap.4'] }],
    network: [],
    networkUnread: [],
    derived: [],
    residue: [],
    residueUnread: [],
    notLinked: { ghost: 1, procfs: 2, unknown: 3 },
    totals: {
      remaps: 2,
      removed: 1,
      'would-remove': 0,
      absent: 0,
      vanished: 0,
      kept: 1,
      failed: 0,
    },
    notes: ['odd'],
  })
})

test('in pieces it is the same document, byte for byte', (t) => {
  const odd = bytes(0x2f, 0xff, 0x0a)
  const reports: readonly Report[] = [
    report([]),
    report([], { mounts: [], checkpoint: { namespaces: [], notes: ['a\nb', EVIL] } }),
    report([reported(OUTCOMES.kept)], {
      checkpoint: { times: imageTimes({ written: undefined }) },
    }),
    report(
      Object.values(OUTCOMES).map((outcome, index) => reported(outcome, index, ROOT, `/${EVIL}`)),
      {
        mounts: [constructed(ROOT, ROOT_PROVIDER), constructed(DATA, { kind: 'stand-in' })],
        others: [{ directory: odd, names: [b('link_remap.2')] }],
        checkpoint: {
          images: [{ name: 'files.img', state: 'truncated', entries: 3, bytes: 99, offset: 90 }],
          times: imageTimes({ written: at(1) }),
          unlisted: [
            { id: 5, link: odd },
            { id: 7, link: undefined },
          ],
        },
      },
    ),
  ]
  for (const one of reports) {
    const text = [...jsonPieces(one)].join('')
    t.equal(text, JSON.stringify(toJson(one), undefined, 2))
    t.strictSame(JSON.parse(text), parse(one))
  }
})

test('a piece is made when it is asked for, and has one remap', (t) => {
  const many = Array<ReportedRemap>(1000).fill(reported(OUTCOMES.kept, 6, ROOT, 'x'.repeat(4000)))
  let count = 0
  for (const piece of jsonPieces(report(many))) {
    count += 1
    if (piece.length > 5000) t.fail(`a piece of ${piece.length}`)
  }
  t.ok(count >= 1000, `${count} pieces`)
})

test('totals add up', (t) => {
  const all = Object.values(OUTCOMES).flatMap((outcome, index) =>
    Array.from({ length: index + 1 }, () => reported(outcome)),
  )
  const { totals, remaps } = parse(report(all))
  t.equal(totals.remaps, 21)
  t.equal(
    VERDICTS.reduce((sum, verdict) => sum + totals[verdict], 0),
    21,
  )
  for (const verdict of VERDICTS)
    t.equal(totals[verdict], remaps.filter((one) => one.verdict === verdict).length, verdict)
})

test('names are exact: text as it is, other bytes as base64 beside the escaped form', (t) => {
  const raw = bytes(0x2f, 0xff, 0x0a)
  const odd = mount(10, '/', { mountpoint: raw, external: mapped('k') })
  const one = report(
    [
      {
        planned: reach(
          {
            ...remap(6, '/var'),
            link: raw,
            original: { path: b(EVIL), size: 1, mode: 1, mntId: 10 },
          },
          odd,
        ),
        outcome: OUTCOMES.removed,
      },
    ],
    {
      mounts: [constructed(odd, { kind: 'external', key: raw, path: raw, sub: raw })],
      checkpoint: { unlisted: [{ id: 5, link: raw }] },
    },
  )
  const { remaps, mounts, unlisted } = parse(one)
  const base64 = Buffer.from([0x2f, 0xff, 0x0a]).toString('base64')
  const [found] = remaps
  t.hasStrict(found, { link: '/\\xff\\n', linkBase64: base64, original: EVIL })
  t.notOk('originalBase64' in found!)
  t.hasStrict(found, { mountpoint: '/\\xff\\n', mountpointBase64: base64 })
  t.hasStrict(mounts[0]?.provider, {
    key: '/\\xff\\n',
    keyBase64: base64,
    path: '/\\xff\\n',
    pathBase64: base64,
    below: '/\\xff\\n',
    belowBase64: base64,
  })
  t.hasStrict(unlisted[0], { link: '/\\xff\\n', linkBase64: base64 })
})

test('every provider', (t) => {
  const kinds = {
    root: ROOT_PROVIDER,
    host: { kind: 'host', mount: {} as never, path: b('/mnt'), sub: b('/x') },
    'stand-in': { kind: 'stand-in' },
    gone: { kind: 'gone' },
    none: { kind: 'none', reason: 'why', next: 'what' },
  } as const
  for (const [kind, provider] of Object.entries(kinds))
    t.equal(
      parse(report([], { mounts: [constructed(ROOT, provider)] })).mounts[0]?.provider.kind,
      kind,
    )
})

test('a host tree has no mounts, and a remap without one says none', (t) => {
  const planned = { ...reach(remap(6, '/var')), mount: undefined }
  const { remaps, namespaces } = parse(
    report([{ planned, outcome: OUTCOMES.absent }], {
      mounts: [],
      checkpoint: { tree: 'host', namespaces: [] },
    }),
  )
  t.strictSame(namespaces, [])
  t.strictSame(remaps, [
    { id: 6, origId: 7, link: '/var/link_remap.6', original: '/var/gone', verdict: 'absent' },
  ])
})

test('an alarm is in the document and in its exit', (t) => {
  const { remaps, exit } = parse(report([reported({ ...OUTCOMES.failed, alarm: true })]))
  t.equal(remaps[0]?.alarm, true)
  t.strictSame(exit, { code: 9, name: 'alarm' })
})

test('namespaces of which the root is not known', (t) => {
  const { namespaces } = parse(
    report([], {
      checkpoint: { namespaces: [namespace(9, [], { isRoot: undefined, complete: false })] },
    }),
  )
  t.strictSame(namespaces, [{ id: 9, root: null, complete: false, mounts: 0 }])
})

test('no time where no image was read', (t) => {
  t.notOk(
    'writtenAt' in parse(report([], { checkpoint: { times: imageTimes({ written: undefined }) } })),
  )
})

test('an error is a document of the same schema', (t) => {
  t.strictSame(errorToJson(new GcError('busy', 'held', { where: '/d', next: 'wait' }), 'clean'), {
    schema: 'criu-gc/1',
    command: 'clean',
    exit: { code: 6, name: 'busy' },
    error: { message: 'held', where: '/d', next: 'wait' },
  })
  t.strictSame(errorToJson(new GcError('internal', 'bug'), 'show'), {
    schema: 'criu-gc/1',
    command: 'show',
    exit: { code: 1, name: 'internal' },
    error: { message: 'bug' },
  })
})

test('a provider that is gone says nothing else', (t) => {
  const { mounts, remaps } = parse(
    report([reported(OUTCOMES.vanished)], { mounts: [constructed(ROOT, { kind: 'gone' })] }),
  )
  t.strictSame(mounts[0]?.provider, { kind: 'gone' })
  t.strictSame(remaps[0]?.provider, { kind: 'gone' })
})

test('what is not proven, and which doubt keeps a link', (t) => {
  const kept = { ...OUTCOMES.kept, reason: 'unreachable', accept: 'gone' } as const
  const { remaps, exit } = parse(
    report([reported(UNPROVEN), reported(OUTCOMES.absent), reported(kept)]),
  )
  t.strictSame(
    remaps.map(({ verdict, proven, accept }) => [verdict, proven, accept]),
    [
      ['absent', false, undefined],
      ['absent', undefined, undefined],
      ['kept', undefined, 'gone'],
    ],
  )
  t.notOk('proven' in remaps[1]!, 'what is proven says so by saying nothing')
  t.equal(exit.code, 3)
  t.strictSame(parse(report([reported(UNPROVEN)])).exit, { code: 4, name: 'incomplete' })
})

test('other links are named in full, as exactly as may be', (t) => {
  const odd = bytes(0x2f, 0xff)
  const { others } = parse(report([], { others: [{ directory: odd, names: [b('link_remap.2')] }] }))
  t.strictSame(others, [
    {
      directory: '/\\xff',
      directoryBase64: toBuffer(odd).toString('base64'),
      names: ['link_remap.2'],
    },
  ])
  t.strictSame(parse(report([])).others, [])
})

test('other links whose names are no text', (t) => {
  const raw = bytes(...Buffer.from('link_remap.2.'), 0xff)
  const names = [b('link_remap.2.é'), raw]
  const { others } = parse(report([], { others: [{ directory: b('/'), names }] }))
  t.strictSame(others[0]?.names, ['link_remap.2.é', 'link_remap.2.\\xff'])
  t.strictSame(
    others[0]?.namesBase64?.map((text) => Buffer.from(text, 'base64')),
    names.map(toBuffer),
  )
})

test('a signal is in the exit', (t) => {
  const { exit } = JSON.parse(JSON.stringify(toJson(report([], { interrupted: 'SIGINT' })))) as {
    exit: unknown
  }
  t.strictSame(exit, { code: 130, name: 'interrupted', signal: 'SIGINT' })
})
