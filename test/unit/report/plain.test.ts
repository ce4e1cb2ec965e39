import { plainLines, plainText } from '../../../src/report/plain.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import { test } from '../support/check.js'
import { at, b, imageTimes, mount, remap } from '../support/model.js'
import { bytes, EVIL, OUTCOMES, reach, report, reported, UNPROVEN } from './build.js'
import type { ReportedRemap } from '../../../src/report/report.js'

const lines = (remaps: readonly ReportedRemap[]): string[] => {
  const text = plainText(report(remaps))
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  return text.split('\n').slice(0, -1)
}

test('one line a remap, seven columns', (t) => {
  const all = Object.values(OUTCOMES).map((outcome, index) => reported(outcome, 2 * index))
  t.strictSame(lines(all), [
    'removed\t-\t9\t/var/link_remap.0\t/var/gone\t5\t-',
    'would-remove\t-\t9\t/var/link_remap.2\t/var/gone\t5\t-',
    'absent\t-\t9\t/var/link_remap.4\t/var/gone\t-\t-',
    'vanished\t-\t9\t/var/link_remap.6\t/var/gone\t-\tits file system died with the container',
    'kept\tnewer\t9\t/var/link_remap.8\t/var/gone\t-\tit is newer; another dump? if not, --accept newer removes it',
    'failed\tEROFS\t9\t/var/link_remap.10\t/var/gone\t-\tread-only',
  ])
})

test('nothing to say, nothing said', (t) => {
  t.equal(plainText(report([])), '')
})

test('line by line it is the same', (t) => {
  const one = report([reported(OUTCOMES.removed), reported(OUTCOMES.kept, 8)])
  const lines = [...plainLines(one)]
  t.equal(lines.length, 2)
  t.equal(lines.join(''), plainText(one))
})

test('a size of 0 is a size', (t) => {
  t.equal(lines([reported({ verdict: 'removed', size: 0 })])[0]?.split('\t')[5], '0')
})

test('the errno of what failed, the reason of all else', (t) => {
  const why = (outcome: Outcome): string | undefined =>
    lines([reported(outcome)])[0]?.split('\t')[1]
  t.equal(why({ verdict: 'kept', reason: 'unsafe-path', errno: 'ELOOP' }), 'unsafe-path')
  t.equal(why({ verdict: 'failed', errno: 'EROFS' }), 'EROFS')
  t.equal(why({ verdict: 'absent', reason: 'parent-gone' }), 'parent-gone')
  t.equal(why({ verdict: 'failed' }), '-')
})

test('a host tree has no namespace', (t) => {
  const host = {
    planned: { ...reach(remap(6, '/var')), mount: undefined },
    outcome: OUTCOMES.absent,
  }
  const text = plainText(report([host], { checkpoint: { tree: 'host', namespaces: [] } }))
  t.equal(text.split('\t')[2], 'host')
})

test('a remap whose mount is not known is not one of the host', (t) => {
  const lost: ReportedRemap = {
    planned: {
      kind: 'kept',
      reason: 'unreachable',
      remap: remap(6, '/var', { mntId: 999 }),
      mount: undefined,
      message: 'no mountpoints image has its mount 999',
      next: undefined,
    },
    outcome: { verdict: 'kept', reason: 'unreachable', message: 'no mountpoints image has it' },
  }
  t.equal(lines([lost])[0]?.split('\t')[2], '-', 'in a tree that had namespaces of its own')
})

test('lost names', (t) => {
  const planned = reach({
    ...remap(6, '/var'),
    link: b(''),
    original: { path: b(''), size: undefined, mode: undefined, mntId: undefined },
  })
  t.strictSame(
    lines([{ planned, outcome: OUTCOMES.kept }])[0]
      ?.split('\t')
      .slice(3, 5),
    ['-', '-'],
  )
})

test('whatever the names are, the columns are seven and the lines are one', (t) => {
  for (const link of [b(`/${EVIL}/link_remap.6`), bytes(0x2f, 0xff, 0x09, 0x0a, 0x1b)]) {
    const planned = reach(
      { ...remap(6, '/var', { original: EVIL }), link },
      mount(10, `/${EVIL}`, { fstype: EVIL }),
    )
    const [line, ...more] = lines([{ planned, outcome: OUTCOMES.kept }])
    t.strictSame([more.length, line?.split('\t').length], [0, 7])
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    t.notMatch(line?.replaceAll('\t', ''), /[\x00-\x1f\x7f-\x9f\u2028\u202e\u200b]/)
  }
})

test('the same report gives the same bytes', (t) => {
  const again = () =>
    plainText(
      report([reported(OUTCOMES.kept)], { checkpoint: { times: imageTimes({ written: at(1) }) } }),
    )
  t.equal(again(), again())
})

test('a line says what is not proven, and which consent there is', (t) => {
  const texts = lines([
    reported(UNPROVEN),
    reported({ verdict: 'absent', proven: false }),
    reported({ ...OUTCOMES.vanished, proven: false }),
    reported(OUTCOMES.kept),
    reported({ verdict: 'kept', reason: 'type', next: 'look' }),
  ]).map((line) => line.split('\t')[6])
  t.strictSame(texts, [
    'it is not there; not proven',
    'not proven',
    'its file system died with the container; not proven',
    'it is newer; another dump? if not, --accept newer removes it',
    'look',
  ])
})
