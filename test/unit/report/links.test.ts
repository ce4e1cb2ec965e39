import { concat } from '../../../src/bytes.js'
import type { Mount } from '../../../src/checkpoint/model.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import type { PlannedRemap, Provider } from '../../../src/plan/planned.js'
import { linksExit, linksOf, type LinksReport } from '../../../src/report/links.js'
import { linksToJson } from '../../../src/report/links-json.js'
import {
  linkLines,
  linksSummary,
  linksWarnings,
  nullTerminated,
} from '../../../src/report/links-text.js'
import type { Report, ReportedRemap } from '../../../src/report/report.js'
import { test } from '../support/check.js'
import { at, b, checkpoint, remap } from '../support/model.js'
import { bytes, constructed, DATA, EVIL, OUTCOMES, reach, report, ROOT } from './build.js'

const THERE = OUTCOMES['would-remove']

type Reach = Extract<PlannedRemap, { kind: 'reach' }>

const plan = (on: Mount | undefined, dir: string): Reach => ({
  ...reach(remap(6, dir), on),
  dir: b(dir),
})

const found = (on: Mount | undefined, dir: string, rest: Partial<Reach> = {}): ReportedRemap => ({
  planned: { ...plan(on, dir), ...rest },
  outcome: THERE,
})

const pathOf = (one: ReportedRemap, provider?: Provider, rest: Partial<Report> = {}): unknown => {
  const mount = one.planned.mount
  const mounts = mount === undefined || !provider ? [] : [constructed(mount, provider)]
  const { links, missing } = linksOf(report([one], { ...rest, mounts }))
  return links.length === 0 ? missing.length : String(links[0]?.path)
}

test('the path on this host, by provider', (t) => {
  const root: Provider = { kind: 'root', path: b('/rootfs'), sub: b('/') }
  t.equal(pathOf(found(ROOT, '/var'), root), '/rootfs/var/link_remap.6')
  t.equal(pathOf(found(ROOT, '/'), root), '/rootfs/link_remap.6')
  t.equal(pathOf(found(ROOT, '/'), { ...root, path: b('/') }), '/link_remap.6')
  const external: Provider = { kind: 'external', key: b('/data'), path: b('/srv'), sub: b('/') }
  t.equal(pathOf(found(DATA, '/data'), external), '/srv/link_remap.6')
  t.equal(pathOf(found(DATA, '/data/x'), external), '/srv/x/link_remap.6')
  t.equal(
    pathOf(found(DATA, '/data/x'), { ...external, sub: b('/sub') }),
    '/srv/sub/x/link_remap.6',
  )
  t.equal(pathOf(found(DATA, '/x', { via: 'mount' }), external), '/srv/x/link_remap.6')
  const mount = { mountpoint: b('/mnt') } as never
  const host: Provider = { kind: 'host', mount, path: b('/mnt'), sub: b('/in') }
  t.equal(pathOf(found(DATA, '/data/x'), host), '/mnt/in/x/link_remap.6')
  t.equal(
    pathOf({ planned: { ...plan(undefined, '/tree'), mount: undefined }, outcome: THERE }),
    '/tree/link_remap.6',
  )
  t.equal(pathOf(found(ROOT, '/var')), 1, 'of what was not attached there is none')
  t.equal(pathOf(found(ROOT, '/var'), { kind: 'stand-in' }), 1)
})

test('of a living container it is below its root', (t) => {
  const mount = { mountpoint: b('/data') } as never
  const provider: Provider = { kind: 'living', mount, path: b('/data'), sub: b('/'), isSame: true }
  const living = {
    living: {
      pid: 40,
      started: at(1),
      pids: [40, 41],
      namespaces: [
        { id: 8, pid: 41 },
        { id: DATA.nsId, pid: 40 },
      ],
      unread: [],
    },
  } as never
  t.equal(pathOf(found(DATA, '/data/x'), provider, living), '/proc/40/root/data/x/link_remap.6')
  t.equal(pathOf(found(DATA, '/x', { via: 'mount' }), provider, living), 1, 'covered')
  t.equal(pathOf(found(DATA, '/data'), provider), 1, 'of no task')
})

const one = (outcome: Outcome): ReportedRemap => ({ ...found(ROOT, '/var'), outcome })
const linked = (...outcomes: Outcome[]): LinksReport => linksOf(report(outcomes.map(one)))

test('what is listed, and what is said of the others', (t) => {
  const { removed, absent, kept, failed, vanished } = OUTCOMES
  const all = linked(THERE, absent, kept, failed, vanished, {
    verdict: 'kept',
    reason: 'duplicate',
  })
  t.equal(all.links.length, 1)
  t.strictSame(
    all.missing.map(({ outcome }) => outcome.verdict),
    ['absent', 'kept', 'failed'],
  )
  t.strictSame(linksWarnings(all), [
    '/var/link_remap.6: absent',
    '/var/link_remap.6: kept; newer; it is newer; another dump? if not, --accept newer removes it',
    '/var/link_remap.6: FAILED; read-only',
  ])
  t.equal(linksSummary(all), '1 link of these images is there, 3 not, or in doubt')
  t.equal(linksSummary(linked(THERE, THERE)), '2 links of these images are there')
  t.equal(linked(removed).links.length, 0)
  const cut = linksOf(report([], { checkpoint: { complete: false, dump: 'killed' } }))
  t.match(linksWarnings(cut), [/not whole \(killed\)/])
})

test('its exit code', (t) => {
  const { absent, kept, failed, vanished } = OUTCOMES
  t.equal(linksExit(linked(THERE, vanished)), 'clean')
  t.equal(linksExit(linked(THERE, absent)), 'incomplete')
  t.equal(linksExit(linked(kept, absent)), 'leftovers')
  t.equal(linksExit(linked(failed)), 'leftovers')
  const { report: whole } = linked(THERE)
  t.equal(linksExit(linksOf({ ...whole, interrupted: 'SIGTERM' })), 'interrupted')
  const cut = checkpoint({ complete: false })
  t.equal(linksExit(linksOf({ ...whole, remaps: [], checkpoint: cut })), 'incomplete')
})

test('a path is its bytes with --null, and a line without', (t) => {
  const names = [b(EVIL), bytes(0xff, 0x0a)]
  const links = linksOf(
    report(names.map((base) => ({ planned: { ...plan(ROOT, '/var'), base }, outcome: THERE }))),
  )
  t.strictSame(
    nullTerminated(links),
    Buffer.from(names.map((base) => `${concat('/rootfs/var/', base)}\0`).join(''), 'latin1'),
  )
  const lines = [...linkLines(links)]
  t.equal(lines.length, 2)
  for (const line of lines) t.match(line, /^[\x20-\x7eé]+\n$/)
  t.equal(nullTerminated(linked()).length, 0)
})

test('the document', (t) => {
  const document = JSON.parse(
    JSON.stringify(linksToJson(linked(THERE, OUTCOMES.absent))),
  ) as unknown
  t.strictSame(document, {
    schema: 'criu-gc/1',
    command: 'links',
    exit: { code: 4, name: 'incomplete' },
    imagesDir: '/images',
    dump: 'whole',
    complete: true,
    links: [
      {
        path: '/rootfs/var/link_remap.6',
        id: 6,
        link: '/var/link_remap.6',
        original: '/var/gone',
        size: 5,
        mode: 33188,
        nlink: 1,
      },
    ],
    missing: [{ id: 6, link: '/var/link_remap.6', original: '/var/gone', verdict: 'absent' }],
    totals: { links: 1, missing: 1 },
    notes: [],
  })
})
