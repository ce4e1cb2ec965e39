import { treeLines } from '../../../src/report/tree.js'
import type { Report } from '../../../src/report/report.js'
import { test } from '../support/check.js'
import { at, b, imageTimes, mount, namespace, remap } from '../support/model.js'
import {
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

const NOW = 1_700_000_600

const draw = (of: Report, colour = false): string[] => {
  const lines = treeLines(of, { colour, now: NOW })
  if (lines.some((line) => line.includes('\n'))) throw new Error('a line is two')
  return lines
}

test('namespaces, their mounts, the links on each', (t) => {
  const nested = mount(20, '/', { nsId: 12 })
  const one = report(
    [
      reported(OUTCOMES.removed),
      reported(OUTCOMES.kept, 8),
      reported(OUTCOMES.vanished, 10, DATA),
      reported(OUTCOMES.absent, 12, nested),
    ],
    {
      mounts: [constructed(ROOT, ROOT_PROVIDER)],
      checkpoint: {
        times: imageTimes({ written: at(1_700_000_000) }),
        namespaces: [namespace(9, [ROOT, DATA]), namespace(12, [nested], { isRoot: false })],
      },
    },
  )
  t.strictSame(
    draw(one).map((line) => line.trimEnd()),
    [
      '/images (1 task, 2023-11-14T22:13:20Z)',
      '├─ mount namespace 9 (root)',
      '│  ├─ / (disk) ← --root /rootfs',
      '│  │  ├─ removed       /var/link_remap.6  was /var/gone  5 B  10 min',
      '│  │  └─ kept          /var/link_remap.8  was /var/gone',
      '│  │     └─ it is newer; another dump? if not, --accept newer removes it',
      '│  └─ /data (tmpfs)',
      '│     └─ vanished      /var/link_remap.10  was /var/gone',
      '│        └─ its file system died with the container',
      '└─ mount namespace 12',
      '   └─ / (disk)',
      '      └─ absent        /var/link_remap.12  was /var/gone',
    ],
  )
})

test('a host tree', (t) => {
  const planned = { ...reach(remap(6, '/var')), mount: undefined }
  const lines = draw(
    report([{ planned, outcome: OUTCOMES['would-remove'] }], {
      mounts: [],
      checkpoint: {
        tree: 'host',
        namespaces: [],
        tasks: 2,
        times: imageTimes({ written: undefined }),
      },
    }),
  )
  t.equal(lines[0], '/images (2 tasks)')
  t.equal(lines[1], "└─ the host's mount namespace")
  t.match(lines[2], /would remove\s+\/var\/link_remap\.6 .*last name of its file/)
})

test('remaps whose mount is not known', (t) => {
  const planned = { ...reach(remap(6, '/var', { mntId: 999 })), mount: undefined }
  const lost = { ...planned.remap, link: b('') }
  const lines = draw(report([{ planned: { ...planned, remap: lost }, outcome: OUTCOMES.kept }]))
  t.equal(lines[1], '└─ mount unknown')
  t.match(lines[2], /kept\s+\(id 6\)/)
})

test('nothing but the head', (t) => {
  t.equal(draw(report([])).length, 1)
})

test('colours only where asked for, and none around a name', (t) => {
  const one = report([reported(OUTCOMES.removed), reported(OUTCOMES.failed, 8)])
  t.notMatch(draw(one).join(''), /\x1b/) // eslint-disable-line no-control-regex
  const lines = draw(one, true)
  t.ok(lines[3]?.includes('\x1b[32mremoved     \x1b[0m  /var/link_remap.6'))
  t.ok(lines[4]?.includes('\x1b[31mFAILED      \x1b[0m  /var/link_remap.8'))
})

test('an alarm is the first word', (t) => {
  const lines = draw(report([reported({ ...OUTCOMES.failed, alarm: true })]))
  t.match(lines[3], /─ ALARM {2,}\/var/)
})

test('whatever the names are, each node is one line', (t) => {
  const odd = mount(10, `/${EVIL}`, { fstype: EVIL })
  const planned = reach({ ...remap(6, '/var', { original: EVIL }), link: b(`/${EVIL}`) }, odd)
  const one = report([{ planned, outcome: OUTCOMES.removed }], {
    mounts: [constructed(odd, { kind: 'root', path: b(EVIL), sub: b(EVIL) })],
    checkpoint: { directory: EVIL },
  })
  const lines = draw(one)
  t.equal(lines.length, 4)
  // eslint-disable-next-line no-control-regex -- that is what must not be there
  t.notMatch(lines.join(''), /[\x00-\x1f\x7f-\x9f\u2028\u202e\u200b]/)
})

test('mounts in the order of their places, whatever the order of the remaps', (t) => {
  const tmp = mount(15, '/tmp')
  const remaps = [tmp, DATA, ROOT].map((on, id) => reported(OUTCOMES.removed, id, on))
  const places = draw(report(remaps)).map((line) => /─ (\/\w*) \(/.exec(line)?.[1])
  t.strictSame(
    places.filter((place) => place !== undefined),
    ['/', '/data', '/tmp'],
  )
})

test('what is not proven, and which consent there is', (t) => {
  const one = report([
    reported(UNPROVEN),
    reported(OUTCOMES.kept, 8),
    reported(OUTCOMES.absent, 10),
  ])
  t.strictSame(
    draw(one)
      .slice(3)
      .map((line) => line.trim()),
    [
      '├─ absent        /var/link_remap.6   was /var/gone',
      '│  └─ it is not there; not proven',
      '├─ kept          /var/link_remap.8   was /var/gone',
      '│  └─ it is newer; another dump? if not, --accept newer removes it',
      '└─ absent        /var/link_remap.10  was /var/gone',
    ],
  )
})

test('mounts that only the options name', (t) => {
  const assumed = mount(1, '/', { nsId: 0, parentId: 0, major: 0 })
  const gone = mount(2, '/gone', { nsId: 0, parentId: 1, major: 0 })
  const one = report(
    [reported(OUTCOMES.removed, 6, assumed), reported(OUTCOMES.vanished, 8, gone)],
    {
      mounts: [constructed(assumed, ROOT_PROVIDER), constructed(gone, { kind: 'gone' })],
      checkpoint: { namespaces: [], complete: false, dump: 'killed' },
    },
  )
  const lines = draw(one)
  t.equal(lines[1], '└─ places in the container, by the options alone: no image has its mounts')
  t.equal(lines[2], '   ├─ / ← --root /rootfs', 'of what kind it was nobody knows')
  t.equal(lines[4], '   └─ /gone ← removed for good')
})
