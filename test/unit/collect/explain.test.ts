import {
  explainAbsence,
  explainDoubt,
  explainElsewhere,
  explainKnown,
  explainUnseen,
  withoutContents,
  type Seen,
} from '../../../src/collect/explain.js'
import type { ConstructedMount } from '../../../src/namespaces/construct.js'
import type { Mount } from '../../../src/checkpoint/model.js'
import type { Provider } from '../../../src/plan/planned.js'
import { DOUBTS, type Doubt } from '../../../src/proof/doubts.js'
import { test } from '../support/check.js'
import { at, b, mount, stat, window } from '../support/model.js'

const ORIGINAL = { path: b('/gone'), size: 5, mode: 0o100644, mntId: 43 }

const seen = (rest: Partial<Seen> = {}): Seen => ({
  stat: stat(),
  changed: at(1_700_000_010, 7),
  original: ORIGINAL,
  window: window(),
  ...rest,
})

const WHYS = ['born', 'link', 'directory', 'both', 'mode', 'size'] as const

test('every doubt of a link has its name, and a question that names the consent', (t) => {
  const names: Record<(typeof WHYS)[number], Doubt> = {
    born: 'newer',
    link: 'older',
    directory: 'older',
    both: 'newer',
    mode: 'mismatch',
    size: 'mismatch',
  }
  for (const why of WHYS) {
    const { verdict, reason, accept, next } = explainDoubt(why, seen())
    const name = names[why]
    t.strictSame([verdict, reason, accept], ['kept', name, name], why)
    t.match(next, new RegExp(`\\?.*--accept ${name}`))
    for (const other of DOUBTS.filter((one) => one !== name)) t.notMatch(next, `--accept ${other}`)
  }
})

test('doubts of times say which', (t) => {
  const message = (why: (typeof WHYS)[number], rest: Partial<Seen> = {}): string | undefined =>
    explainDoubt(why, seen(rest)).message
  const [ctime, btime] = [at(1_700_000_010, 5), at(1_700_000_009, 4)]
  t.equal(
    message('both', { stat: stat({ ctime }) }),
    'link (2023-11-14T22:13:30.000000005Z) and directory (2023-11-14T22:13:30.000000007Z) were changed after the dump (2023-11-14T22:13:20.000000500Z): another dump may have made it',
  )
  t.match(
    message('born', { stat: stat({ ctime, btime }) }),
    /was made \(2023-11-14T22:13:29\.000000004Z\) after the dump \(2023-11-14T22:13:20\.0{6}500Z\)/,
  )
  t.match(message('born', { stat: stat({ ctime }) }), /was made \(2023-11-14T22:13:30/)
  t.match(
    message('link', { stat: stat({ ctime: at(1_600_000_000) }) }),
    /older \(2020-09-13T12:26:40\.0{9}Z\) than the dump \(2023-11-14T22:13:00\.0{9}Z\)/,
  )
  t.match(
    message('directory'),
    /last changed \(2023-11-14T22:13:30\.000000007Z\) before the dump \(2023-11-14T22:13:00/,
  )
})

test('doubts of what it looks like say how', (t) => {
  const message = (why: 'mode' | 'size', rest: Partial<Seen>): string | undefined =>
    explainDoubt(why, seen(rest)).message
  t.equal(message('size', { stat: stat({ size: 6 }) }), 'it has 6 bytes, the dumped file had 5')
  t.equal(
    message('mode', { stat: stat({ mode: 0o104600 }) }),
    'its permissions are 4600, the dumped file had 0644',
  )
  t.equal(
    message('mode', { stat: stat({ mode: 0o100000 }) }),
    'its permissions are 0000, the dumped file had 0644',
  )
})

test('what is known needs no question, and takes no consent', (t) => {
  for (const why of ['type', 'mountpoint', 'immutable'] as const) {
    const outcome = explainKnown(why, stat(), ORIGINAL)
    t.match(outcome, { verdict: 'kept', reason: why })
    t.notOk('accept' in outcome)
    t.notMatch(String(outcome.next), '--accept')
  }
})

test('types in words', (t) => {
  const message = (found: number, recorded: number | undefined): string | undefined =>
    explainKnown('type', stat({ mode: found }), { ...ORIGINAL, mode: recorded }).message
  const words: readonly [number, string][] = [
    [0o010000, 'fifo'],
    [0o020000, 'character device'],
    [0o040000, 'directory'],
    [0o060000, 'block device'],
    [0o100000, 'regular file'],
    [0o120000, 'symbolic link'],
    [0o140000, 'socket'],
    [0o150000, 'file of type 150000'],
  ]
  for (const [type, word] of words) {
    t.equal(message(type | 0o644, 0o100644), `it is a ${word}, the dumped file was a regular file`)
    t.equal(message(0o120777, type | 0o644), `it is a symbolic link, the dumped file was a ${word}`)
  }
  t.match(message(0o120777, undefined), /was a regular file$/, 'as was not recorded before 2.4')
})

const standing = (
  of: Partial<Mount> = {},
  rest: Partial<ConstructedMount> = {},
): ConstructedMount => ({
  attachment: {
    mount: mount(14, '/data', { root: b('/vol'), ...of }),
    parentId: 10,
    provider: EXTERNAL,
  },
  nsId: 9,
  fd: 1,
  aside: 1,
  asideId: 1,
  stat: stat(),
  remote: false,
  reborn: false,
  given: undefined,
  contents: 'provider',
  state: 'attached',
  problem: undefined,
  next: undefined,
  loss: undefined,
  ...rest,
})
const EXTERNAL: Provider = { kind: 'external', key: b('data'), path: b('/volume'), sub: b('/sub') }
const providedBy = (provider: Provider, of: Partial<Mount> = {}): ConstructedMount => {
  const one = standing(of)
  return { ...one, attachment: { ...one.attachment, provider } }
}

test('another place says what was given, and what it was', (t) => {
  t.match(explainElsewhere(standing(), 'path'), {
    verdict: 'kept',
    reason: 'elsewhere',
    accept: 'elsewhere',
    message:
      '/volume/sub is not what was mounted at the dump: that was /vol of the file system 254:0',
    next: /--accept elsewhere/,
  })
  t.match(explainElsewhere(standing({ root: undefined }), 'device').message, /that was \/ of the/)
  t.match(
    explainElsewhere(standing({ upper: b('/up\n') }), 'upper').message,
    /that was the overlay with the upper directory \/up\\n$/,
  )
  t.match(explainElsewhere(providedBy({ kind: 'stand-in' }), 'path').message, /^this is not/)
})

test('a directory for what was a tmpfs', (t) => {
  t.match(explainElsewhere(standing({ fstype: 'tmpfs' }), 'kind'), {
    accept: 'elsewhere',
    message: '/volume/sub is not on a tmpfs, as its mount was at the dump',
    next: /leave the option out.*--accept elsewhere/,
  })
  t.match(explainElsewhere(standing({ fstype: 'tmpfs' }), 'path').message, /is not what was/)
  t.match(explainElsewhere(standing(), 'kind').message, /is not what was/)
})

test('gone, and how sure that is', (t) => {
  const one = standing()
  t.strictSame(explainAbsence('proven', one, true), { verdict: 'absent' })
  t.match(explainAbsence('unproven', one, true), { verdict: 'absent', proven: false })
  t.notOk('reason' in explainAbsence('unproven', one, true))
  t.match(explainAbsence('unproven', one, false), {
    verdict: 'absent',
    reason: 'parent-gone',
    proven: false,
  })
})

test('out of reach asks what was given', (t) => {
  for (const absence of ['unreached', 'unchanged', 'made-later'] as const) {
    const outcome = explainAbsence(absence, standing(), true)
    t.match(outcome, {
      verdict: 'kept',
      reason: 'unreachable',
      accept: 'gone',
      next: /is --root or --external right.*--accept gone/,
    })
    t.match(
      explainAbsence(absence, undefined, true).next,
      /was a file system mounted there.*--accept gone/,
    )
  }
  const root: Provider = { kind: 'root', path: b('/rootfs'), sub: b('/') }
  t.match(explainAbsence('unreached', providedBy(root), false).message, /is under --root$/)
  t.match(
    explainAbsence('unreached', standing(), false).message,
    /in what was given for its mount$/,
  )
  t.match(explainAbsence('unchanged', standing(), true).message, /^nothing was made or removed/)
  t.match(explainAbsence('made-later', standing(), true).message, /was made after the dump/)
})

test('a mount without contents says why', (t) => {
  t.strictSame(withoutContents(standing({}, { problem: 'why', next: 'do' })), {
    verdict: 'kept',
    reason: 'unreachable',
    message: 'why',
    next: 'do',
  })
  t.strictSame(withoutContents(standing()), {
    verdict: 'kept',
    reason: 'unreachable',
    message: 'its mount has no contents',
  })
})

test('a memory file system that may live on', (t) => {
  t.match(explainUnseen(mount(12, '/dev/shm', { fstype: 'tm\npfs' }), 'why'), {
    verdict: 'kept',
    reason: 'unseen',
    accept: 'unseen',
    message: 'whether its tm\\npfs lives on is not known: why',
    next: /--accept unseen$/,
  })
})
