import {
  ageText,
  explanation,
  originalText,
  providerText,
  sizeText,
  summary,
  verdictWord,
  warnings,
} from '../../../src/report/words.js'
import { toJson } from '../../../src/report/json.js'
import { exitOf, type Report } from '../../../src/report/report.js'
import { plainText } from '../../../src/report/plain.js'
import { treeLines } from '../../../src/report/tree.js'
import type { ResidueRow } from '../../../src/residue/undo.js'
import type { Checkpoint, DumpKind, Held } from '../../../src/checkpoint/model.js'
import type { Outcome } from '../../../src/collect/outcome.js'
import { test } from '../support/check.js'
import { at, b, remap } from '../support/model.js'
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

const HELD: Held = {
  ...{ inoHigh: 0, inoLow: 5, major: 254, minor: 0 },
  by: 'descriptor 3 of process 7',
  directory: { inoHigh: 0, inoLow: 2, major: 254, minor: 0 },
  isAlone: true,
  isCounted: false,
  othersMade: [],
  isLogged: false,
  isNamed: true,
  keptFor: undefined,
}

test('sizes', (t) => {
  t.equal(sizeText(0), '0 B')
  t.equal(sizeText(1023), '1023 B')
  t.equal(sizeText(1024), '1.0 KiB')
  t.equal(sizeText(1536), '1.5 KiB')
  t.equal(sizeText(1.4 * 2 ** 20), '1.4 MiB')
  t.equal(sizeText(2 ** 60), '1024.0 PiB')
})

test('ages', (t) => {
  t.equal(ageText(100, 100), '0 s')
  t.equal(ageText(100, 219), '119 s')
  t.equal(ageText(100, 220), '2 min')
  t.equal(ageText(0, 7199), '119 min')
  t.equal(ageText(0, 7200), '2 h')
  t.equal(ageText(0, 172_799), '47 h')
  t.equal(ageText(0, 172_800), '2 days')
  t.equal(ageText(200, 100), '0 s', 'a clock that was set back')
})

test('verdicts', (t) => {
  t.strictSame(Object.values(OUTCOMES).map(verdictWord), [
    'removed',
    'would remove',
    'absent',
    'vanished',
    'kept',
    'FAILED',
  ])
  t.equal(verdictWord({ ...OUTCOMES.failed, alarm: true }), 'ALARM')
})

test('providers', (t) => {
  t.equal(providerText(ROOT_PROVIDER), '--root /rootfs')
  t.equal(providerText({ kind: 'root', path: b('/rootfs'), sub: b('/x') }), '--root /rootfs/x')
  t.equal(
    providerText({ kind: 'external', key: b('k'), path: b('/srv'), sub: b('/x') }),
    'mnt[k] /srv/x',
  )
  t.equal(
    providerText({ kind: 'host', mount: {} as never, path: b('/mnt'), sub: b('/') }),
    'still mounted on /mnt',
  )
  t.equal(providerText({ kind: 'none', reason: 'why', next: 'what' }), 'why')
  t.equal(providerText({ kind: 'gone' }), 'removed for good')
  t.equal(providerText({ kind: 'stand-in' }), 'nothing is left of it')
  t.notMatch(
    providerText({ kind: 'external', key: b(EVIL), path: b(EVIL), sub: b(EVIL) }),
    /[\n\t\u202e]/,
  )
  t.notMatch(originalText({ path: b(EVIL), size: 1, mode: 1, mntId: 1 }), /[\n\t\u202e]/)
})

const summaryOf = (
  outcomes: readonly (keyof typeof OUTCOMES)[],
  checkpoint: Parameters<typeof report>[1] = {},
): string =>
  summary(
    report(
      outcomes.map((one) => reported(OUTCOMES[one])),
      checkpoint,
    ),
  )

test('a summary', (t) => {
  t.equal(summaryOf(['removed']), '1 link remap: 1 removed')
  t.equal(
    summaryOf(['removed', 'kept', 'removed', 'failed']),
    '4 link remaps: 2 removed, 1 kept, 1 failed',
  )
  t.match(
    summaryOf(['would-remove', 'absent']),
    /^2 link remaps: 1 would remove, 1 absent; .*clean/,
  )
  t.equal(summaryOf([]), 'no link remaps')
  const unlisted = [{ id: 5, link: undefined }]
  t.match(summaryOf(['removed'], { checkpoint: { unlisted } }), /1 removed, 1 without .*left alone/)
  t.match(summaryOf([], { checkpoint: { unlisted } }), /1 without .*left alone/)
  t.equal(summaryOf([], { checkpoint: { preDump: true } }), 'nothing to do')
  t.equal(
    summaryOf([], { checkpoint: { complete: false } }),
    'no link remaps are listed',
    'which is not that there are none',
  )
})

test('a summary of what is not proven', (t) => {
  const of = (...outcomes: readonly Parameters<typeof reported>[0][]): string =>
    summary(report(outcomes.map((outcome) => reported(outcome))))
  t.equal(
    of(UNPROVEN, OUTCOMES.absent, OUTCOMES.removed),
    '3 link remaps: 1 removed, 2 absent, 1 of them not proven to be gone',
  )
  t.equal(
    of(UNPROVEN, { ...OUTCOMES.vanished, proven: false }),
    '2 link remaps: 1 absent, 1 vanished, 2 of them not proven to be gone',
  )
})

test('what is known, whether it is proven, and what to do', (t) => {
  t.equal(explanation({ verdict: 'removed' }), undefined)
  t.equal(explanation({ verdict: 'kept', message: 'a', next: 'b' }), 'a; b')
  t.equal(explanation({ verdict: 'kept', next: 'b' }), 'b')
  t.equal(explanation({ verdict: 'absent', message: 'a', proven: false }), 'a; not proven')
  t.equal(explanation({ verdict: 'absent', proven: false }), 'not proven')
})

const warningsOf = (rest: Parameters<typeof report>[1]): string[] => warnings(report([], rest))

test('nothing to warn of', (t) => {
  t.strictSame(warningsOf({}), [])
})

test('incomplete images: what they are, and by which signs', (t) => {
  const signs = ['files.img is cut at byte 90 (why; 3 whole entries)', 'remap-fpath.img is empty']
  const [cut, look] = warningsOf({ checkpoint: { complete: false, dump: 'killed', signs } })
  t.equal(cut, `this dump was killed; ${signs.join('; ')}`)
  t.match(look, /if the container lives, --pid PID with the same options finds them/)
  const living = {
    pid: 7,
    started: at(5),
    pids: [7],
    namespaces: [],
    unread: ['fd of process 9 (EACCES)'],
  }
  const lines = warningsOf({ checkpoint: { complete: false, dump: 'killed', signs }, living })
  t.match(lines[1], /files that the container did not hold any more/)
  t.match(lines[2], /^fd of process 9 \(EACCES\) could not be read: links may be left$/)
  t.match(warningsOf({ checkpoint: { complete: false, dump: 'mixed' } })[0], /of two dumps$/)
})

test('links that were left alone', (t) => {
  const lines = warningsOf({
    checkpoint: {
      unlisted: [
        { id: 5, link: b(`/${EVIL}`) },
        { id: 6, link: undefined },
      ],
      counts: { ghost: 1, procfs: 1, unknown: 2 },
    },
  })
  t.equal(lines.length, 3)
  t.match(lines[0], /looks like a link remap.*left alone/)
  t.match(lines[1], /link remap 6/)
  t.match(lines[2], /^2 remaps of a type that is not known/)
  t.notMatch(lines.join(''), /[\n\t\u202e]/)
})

test('a long list is cut short', (t) => {
  const unlisted = Array.from({ length: 40 }, (_, id) => ({ id, link: undefined }))
  const lines = warningsOf({ checkpoint: { unlisted } })
  t.ok(lines.length < 10)
  t.match(lines.at(-1), /and 35 more/)
})

test('mounts with a problem, and notes', (t) => {
  const lines = warningsOf({
    mounts: [
      constructed(ROOT, ROOT_PROVIDER),
      constructed(DATA, ROOT_PROVIDER, { problem: 'it is gone' }),
    ],
    checkpoint: { notes: ['odd'] },
  })
  t.strictSame(lines, ['mount 14 on /data: it is gone', 'odd'])
})

test('what kind of dump it is, and by which signs', (t) => {
  const first = (checkpoint: Partial<Checkpoint>): string =>
    warningsOf({ checkpoint: { complete: false, ...checkpoint } })[0] ?? ''
  const signs = ['one sign', 'another']
  const said = {
    failed: 'this dump failed, and CRIU removed its links itself; one sign; another',
    killed: 'this dump was killed; one sign; another',
    mixed: 'these are images of two dumps; one sign; another',
    blind: 'these images say nothing of links; one sign; another',
  } as const
  for (const [dump, text] of Object.entries(said))
    t.equal(first({ dump: dump as DumpKind, signs }), text)
  const withHeld = (outcome: Outcome): string => {
    const planned = reach({ ...remap(6, '/var'), held: HELD })
    const failed = { complete: false, dump: 'failed' } as const
    return warnings(report([{ planned, outcome }], { checkpoint: failed }))[0] ?? ''
  }
  t.match(withHeld(OUTCOMES.removed), /those found here are of a dump before it$/)
  t.equal(withHeld(OUTCOMES.absent), 'this dump failed, and CRIU removed its links itself')
  t.equal(
    first({ dump: 'killed', signs: [`/${EVIL}/dump.log breaks off`] }).includes('\n'),
    false,
    'a sign may have a name in it',
  )
  t.match(
    warningsOf({ checkpoint: { complete: false, dump: 'killed', signs } })[1],
    /links that they do not list may be left/,
  )
})

test('a note of other links says how many, and where', (t) => {
  const names = [b('link_remap.2'), b('link_remap.4')]
  const note = (others: Parameters<typeof report>[1] & object) => warningsOf(others)
  t.strictSame(note({ others: [{ directory: b(`/${EVIL}`), names: names.slice(0, 1) }] }).length, 1)
  t.match(
    note({ others: [{ directory: b('/var'), names }] })[0],
    /^2 other links of this form in \/var, not of these images.*\(-v names them\)$/,
  )
  t.match(
    note({ others: [{ directory: b('/var'), names: names.slice(1) }] })[0],
    /^1 other link of this form in \/var,/,
  )
  t.match(
    note({
      others: [
        { directory: b('/var'), names },
        { directory: b('/x'), names },
      ],
    })[0],
    /^4 other links of this form in 2 directories,/,
  )
  t.notMatch(note({ others: [{ directory: b(`/${EVIL}`), names }] })[0], /[\n\t\u202e]/)
  t.strictSame(note({ others: [] }), [])
})

test('a signal that ended the run is said, with how much it left', (t) => {
  const left = { verdict: 'kept', reason: 'interrupted' } as const
  const said = (...outcomes: Parameters<typeof reported>[0][]): string | undefined =>
    warnings(
      report(
        outcomes.map((one) => reported(one)),
        { interrupted: 'SIGHUP' },
      ),
    )[0]
  t.match(said(OUTCOMES.removed, left, left), /SIGHUP .* 2 link remaps were not looked at/)
  t.match(said(OUTCOMES.removed), /SIGHUP came when all/)
})

test('what else was left: the fact, the line that undoes it, and what was not looked at', (t) => {
  const [kind, where] = ['stopped', 'process 5'] as const
  const rows: readonly ResidueRow[] = [
    { kind, what: 'stopped', undo: 'kill -CONT 5', reason: 'named' } as const,
    { kind: 'parasite', what: 'harmless', reason: 'named' } as const,
    { kind: 'yards', what: 'empty', reason: 'unasked', repair: 'yards' } as const,
    { kind: 'signals', what: 'muted', reason: 'unasked', repair: 'signals' } as const,
    {
      ...({ kind: 'freezer', what: 'frozen', reason: 'foreign' } as const),
      ...{ message: 'whose?', repair: "freezer:/a 'b" },
    },
  ].map((row) => ({ ...row, verdict: 'kept', where }))
  const residue = {
    rows,
    unread: ['status of process 6 (EPERM)'],
    isAsked: false,
  } as const
  const shown = { residue, command: 'show', words: ['show', '--pid', '5'] } as const
  const lines = warnings(report([], shown))
  t.strictSame(lines.slice(-9), [
    'also left: process 5: stopped',
    'to undo that: kill -CONT 5',
    'also left: process 5: harmless',
    'also left: process 5: empty',
    'also left: process 5: muted',
    'also left: process 5: frozen; whose?',
    "to undo that: criu-gc clean --pid 5 --repair 'freezer:/a '\\''b'",
    'to undo yards, signals: criu-gc clean --pid 5 --repair yards,signals',
    'not looked at: status of process 6 (EPERM)',
  ])
  t.equal(exitOf(report([], shown)), exitOf(report([])), 'what is only named is no leftover')
  t.match(toJson(report([], shown)), {
    residue: [
      { kind, what: 'stopped', where, verdict: 'kept', reason: 'named', undo: 'kill -CONT 5' },
      { kind: 'parasite', verdict: 'kept' },
      { kind: 'yards', reason: 'unasked', undo: 'criu-gc clean --pid 5 --repair yards' },
    ],
    residueUnread: residue.unread,
  })
  t.match(toJson(report([])), { residue: [], residueUnread: [] }, 'none was looked for')
})

test('of many that are alike one is named, and the others are counted', (t) => {
  const yards = (count: number): ResidueRow[] =>
    Array.from({ length: count }, (_, at) => ({
      ...({ kind: 'yards', what: 'empty', message: 'nobody', repair: 'yards' } as const),
      ...({ where: `/tmp/${at}`, verdict: 'kept', reason: 'unasked' } as const),
    }))
  const said = (rows: readonly ResidueRow[]): string[] =>
    warnings(
      report([], { residue: { rows, unread: [], isAsked: false }, command: 'show', words: [] }),
    ).filter((line) => line.startsWith('also left'))
  const own = { undo: 'rmdir it' }
  t.strictSame(said(yards(4)), ['also left: /tmp/0 and 3 more (--json names them): empty; nobody'])
  t.strictSame(
    said(yards(3)),
    [0, 1, 2].map((at) => `also left: /tmp/${at}: empty; nobody`),
  )
  t.equal(said(yards(5).map((row, at) => ({ ...row, what: `${at}` }))).length, 5, 'none alike')
  t.equal(said(yards(5).map((row) => ({ ...row, ...own }))).length, 5, 'each has its own line')
})

test('what was to be undone is in the report, and what is left of it is a leftover', (t) => {
  const yard = { kind: 'yards', what: 'empty', where: '/tmp/y', repair: 'yards' } as const
  const of = (...rows: readonly Partial<ResidueRow>[]): Report =>
    report([], {
      residue: {
        rows: rows.map((row) => ({ ...yard, verdict: 'removed', ...row })),
        unread: [],
        isAsked: true,
      },
    })
  t.equal(exitOf(of({})), 'clean')
  t.equal(exitOf(of({ verdict: 'would-remove' })), 'leftovers')
  t.equal(exitOf(of({ verdict: 'failed', message: 'EPERM' })), 'leftovers')
  t.equal(exitOf(of({ verdict: 'kept', reason: 'busy' })), 'leftovers')
  t.equal(exitOf(of({ verdict: 'kept', reason: 'foreign' })), 'clean', "somebody else's")
  const unread = { rows: [], unread: ['/tmp (EACCES)'] }
  t.equal(exitOf(report([], { residue: { ...unread, isAsked: true } })), 'incomplete')
  t.equal(exitOf(report([], { residue: { ...unread, isAsked: false } })), 'clean')
  t.match(summary(of({}, { verdict: 'kept', reason: 'busy' })), /; residue: 1 removed, 1 kept$/)
  t.match(plainText(of({})), 'removed\t-\t/tmp/y\tempty\tyards\t-\t-\n')
  t.match(treeLines(of({}), { colour: false, now: 0 }), [
    /./,
    '└─ residue',
    '   └─ removed       /tmp/y: empty',
  ])
  t.notMatch(toJson(of({})), { residue: [{ undo: String }] }, 'nothing is to be done')
})
