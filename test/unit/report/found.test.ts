import type { Outcome } from '../../../src/collect/outcome.js'
import type { Top } from '../../../src/host/below/top.js'
import {
  foundExit,
  foundTotals,
  type FoundReport,
  type ReportedName,
} from '../../../src/report/found.js'
import { foundToJson } from '../../../src/report/found-json.js'
import {
  foundLines,
  foundSummary,
  foundTree,
  foundWarnings,
} from '../../../src/report/found-text.js'
import { piecesOf } from '../../../src/report/json.js'
import { test } from '../support/check.js'
import { at, b, checkpoint, stat } from '../support/model.js'

const TOP: Top = { fd: 3, path: b('/srv'), stat: stat(), row: undefined, isRemote: false }
const ABOUT = { heldBy: [], listedBy: [], wantedBy: undefined, isMountpoint: false }

const named = (outcome: Outcome | undefined, rest: Partial<ReportedName> = {}): ReportedName => ({
  found: {
    directory: { top: TOP, path: b('/a'), stat: stat({ ctime: at(5) }) },
    name: b('link_remap.4'),
    stat: stat({ inoHigh: 1, inoLow: 2, major: 8, minor: 1, ctime: at(7, 8), nlink: 2, size: 9 }),
  },
  about: ABOUT,
  outcome,
  ...rest,
})

const report = (names: ReportedName[], rest: Partial<FoundReport> = {}): FoundReport => ({
  tops: [TOP],
  images: [],
  window: undefined,
  names,
  directories: 3,
  otherMounts: 0,
  unread: [],
  unseen: [],
  interrupted: undefined,
  ...rest,
})

const REMOVED: Outcome = { verdict: 'removed' }
const KEPT: Outcome = { verdict: 'kept', reason: 'held', message: 'in use', next: 'see' }

test('exit codes: alarm, interrupted, leftovers, incomplete, clean', (t) => {
  const unread = { unread: ['/srv/x (EIO)'] }
  for (const [is, names, rest] of [
    ['clean', [], {}],
    ['incomplete', [], unread],
    ['incomplete', [named(REMOVED)], { unseen: ['process 7 (EACCES)'] }],
    ['clean', [named(REMOVED), named({ verdict: 'absent' })], {}],
    ['leftovers', [named(undefined)], {}],
    ['leftovers', [named(REMOVED), named(KEPT)], unread],
    ['leftovers', [named({ verdict: 'would-remove' })], {}],
    ['leftovers', [named({ verdict: 'failed', errno: 'EROFS' })], {}],
    ['interrupted', [named(KEPT)], { interrupted: 'SIGTERM' }],
    ['alarm', [named({ verdict: 'failed', alarm: true })], { interrupted: 'SIGTERM' }],
  ] as const)
    t.equal(foundExit(report([...names], rest)), is, `${is}: ${JSON.stringify(rest)}`)
})

test('totals add up', (t) => {
  const { links, ...each } = foundTotals(report([named(REMOVED), named(KEPT), named(undefined)]))
  t.equal(links, 3)
  t.equal(
    Object.values(each).reduce((a, b) => a + b, 0),
    3,
  )
})

test('the document, whole and in pieces', (t) => {
  const all = report(
    [
      named(KEPT, {
        about: { ...ABOUT, heldBy: ['descriptor 5 of process 12'], listedBy: ['/i'] },
      }),
      named(undefined, { found: { ...named(undefined).found, stat: undefined } }),
    ],
    {
      window: { from: at(1), to: at(2) },
      images: [{ checkpoint: checkpoint({ directory: '/i' }), isKept: true }],
    },
  )
  const document: unknown = JSON.parse([...piecesOf(foundToJson(all))].join(''))
  t.strictSame(document, JSON.parse(JSON.stringify(foundToJson(all))))
  t.match(document, {
    schema: 'criu-gc/1',
    command: 'scan',
    exit: { code: 3, name: 'leftovers' },
    since: '1970-01-01T00:00:01.000000000Z',
    tops: [{ path: '/srv' }],
    dumps: [{ imagesDir: '/i', keep: true }],
    links: [
      {
        link: '/srv/a/link_remap.4',
        device: '8:1',
        inode: '4294967298',
        nlink: 2,
        size: 9,
        heldBy: ['descriptor 5 of process 12'],
        listedBy: ['/i'],
        verdict: 'kept',
        reason: 'held',
      },
      { verdict: 'found' },
    ],
  })
})

test('text: one line a link, and a tree', (t) => {
  const odd = { ...named(KEPT).found, name: b('link_remap.4.\n\x1b') }
  const all = report([named(undefined), named(KEPT, { found: odd })], {
    unread: ['/srv/x (EIO)'],
    unseen: ['process 7 (EACCES)'],
    otherMounts: 1,
    interrupted: 'SIGINT',
  })
  const lines = [...foundLines(all)]
  t.equal(
    lines[0],
    'found\t-\t8:1/4294967298\t/srv/a/link_remap.4\t2\t9\t1970-01-01T00:00:07.000000008Z\t-\t-\t-\n',
  )
  t.equal(lines[1]?.split('\t')[3], '/srv/a/link_remap.4.\\n\\x1b')
  t.equal(lines[1]?.split('\n').length, 2)
  const tree = foundTree(all, { colour: false, now: 67 })
  t.equal(tree[0], '/srv')
  t.match(
    tree[1],
    /^├─ found {9}\/srv\/a\/link_remap\.4 {2}inode 8:1\/4294967298 {2}9 B {2}60 s {2}2 names$/,
  )
  t.match(tree.at(-1), /in use; see$/)
  t.match(
    foundSummary(all),
    /^2 names of this form in 3 directories: 1 found, 1 kept; --since TIME/,
  )
  t.match(foundSummary(report([])), /^no names of this form in 3 directories$/)
  const warnings = foundWarnings(all).join('\n')
  for (const what of [
    'SIGINT',
    '/srv/x (EIO)',
    'process 7 (EACCES)',
    '1 directory with another mount',
  ])
    t.ok(warnings.includes(what), what)
})
