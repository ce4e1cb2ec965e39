import fc from 'fast-check'
import type { Outcome } from '../../../src/collect/outcome.js'
import {
  verify as verifyFacts,
  type DirectoryFacts,
  type LinkFacts,
  type VerifyOptions,
} from '../../../src/collect/verify.js'
import type { Original } from '../../../src/checkpoint/model.js'
import type { Stat } from '../../../src/sys/stat.js'
import type { Time } from '../../../src/time.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { at, b, stat, WRITTEN } from '../support/model.js'

const BEFORE = at(WRITTEN.sec - 10)
const AFTER = at(WRITTEN.sec + 10)
const [IMMUTABLE, APPEND, MOUNT_ROOT] = [0x10, 0x20, 0x2000]

const ORIGINAL: Original = { path: b('/gone'), size: 5, mode: 0o100644, mntId: 43 }

/** All that is known besides the file, in one. */
interface Circumstances extends LinkFacts, VerifyOptions, Pick<DirectoryFacts, 'proven'> {
  readonly directoryCtime: Time
}

const verify = (file: Stat, seen: Circumstances): Outcome | undefined =>
  verifyFacts(file, seen, { ctime: seen.directoryCtime, proven: seen.proven }, seen)

const seen = (rest: Partial<Circumstances> = {}): Circumstances => ({
  original: ORIGINAL,
  directoryCtime: BEFORE,
  begunAt: at(WRITTEN.sec - 20),
  writtenAt: WRITTEN,
  ctime: BEFORE,
  isMountpoint: false,
  proven: true,
  force: false,
  keepLastLink: false,
  ...rest,
})

const reason = (
  file: Partial<Stat>,
  rest: Partial<Circumstances> = {},
): Outcome['reason'] | 'ok' => {
  const objection = verify(stat(file), seen(rest))
  if (objection === undefined) return 'ok'
  if (objection.verdict !== 'kept') throw new Error(`not kept but ${objection.verdict}`)
  return objection.reason
}

const original = (rest: Partial<Original>): { original: Original } => ({
  original: { ...ORIGINAL, ...rest },
})

test('the dump’s own link', (t) => {
  t.equal(reason({}), 'ok')
})

test('nothing was created in the directory since: certain, whatever the file became', (t) => {
  t.equal(reason({ size: 999 }), 'ok')
  t.equal(reason({ mode: 0o100600 }), 'ok')
  t.equal(reason({}, { ctime: AFTER }), 'ok', 'other names of the file may have come and gone')
  t.equal(
    reason({}, { directoryCtime: WRITTEN, ctime: AFTER }),
    'ok',
    'in the very moment: not since',
  )
})

const CHANGED = { directoryCtime: AFTER }

test('in a directory that changed it has to look like the dumped file', (t) => {
  t.equal(reason({}, CHANGED), 'ok')
  t.equal(reason({ size: 6 }, CHANGED), 'mismatch')
  t.equal(reason({ mode: 0o100600 }, CHANGED), 'mismatch')
  t.equal(reason({ mode: 0o104644 }, CHANGED), 'mismatch', 'set-user-ID is a permission too')
  t.equal(reason({ mode: 0o101644 }, CHANGED), 'mismatch', 'and so is the sticky bit')
})

test('what was not recorded is not compared', (t) => {
  t.equal(reason({ size: 6 }, { ...CHANGED, ...original({ size: undefined }) }), 'ok')
  t.equal(reason({ mode: 0o100600 }, { ...CHANGED, ...original({ mode: undefined }) }), 'ok')
  t.equal(reason({ size: 0 }, { ...CHANGED, ...original({ size: 0 }) }), 'ok')
  t.equal(reason({ size: 1 }, { ...CHANGED, ...original({ size: 0 }) }), 'mismatch', '0 is a size')
})

test('newer than the images: both the link and its directory are', (t) => {
  t.equal(reason({}, { ...CHANGED, ctime: AFTER }), 'newer')
  t.equal(reason({ size: 6 }, { ...CHANGED, ctime: AFTER }), 'newer', 'before any mismatch')
  t.equal(reason({}, { ...CHANGED, ctime: BEFORE }), 'ok')
  t.equal(reason({}, { ...CHANGED, ctime: WRITTEN }), 'ok', 'the same moment is not newer')
  t.equal(reason({}, { ...CHANGED, ctime: at(WRITTEN.sec, WRITTEN.nsec + 1) }), 'newer')
})

test('the ctime is what the caller says, not that of the stat', (t) => {
  // The run itself may have removed another link of the inode, which changed its ctime.
  t.equal(reason({ ctime: AFTER }, { ...CHANGED, ctime: BEFORE }), 'ok')
  t.equal(reason({ ctime: BEFORE }, { ...CHANGED, ctime: AFTER }), 'newer')
})

test('images with whole seconds mean any moment of the last one', (t) => {
  const whole = { writtenAt: at(WRITTEN.sec) }
  const within = at(WRITTEN.sec, 999_999_998)
  t.equal(reason({ size: 6 }, { ...whole, directoryCtime: within, ctime: within }), 'ok')
  const next = at(WRITTEN.sec + 1)
  t.equal(reason({}, { ...whole, directoryCtime: next, ctime: next }), 'newer')
  t.equal(reason({ size: 6 }, { ...whole, directoryCtime: next, ctime: within }), 'mismatch')
})

test('on a mount that is not proven to be the recorded one, an unchanged directory is not enough', (t) => {
  const unproven = { proven: false }
  t.equal(reason({}, unproven), 'ok')
  t.equal(reason({ size: 6 }, unproven), 'mismatch')
  t.equal(reason({ mode: 0o100600 }, unproven), 'mismatch')
})

const TYPES = [0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000]

test('the type is the original’s, and never a directory', (t) => {
  for (const recorded of TYPES)
    for (const found of TYPES) {
      const good = recorded === found && found !== 0o040000
      t.equal(
        reason({ mode: found | 0o644 }, original({ mode: recorded | 0o644 })),
        good ? 'ok' : 'type',
        `${found.toString(8)} for ${recorded.toString(8)}`,
      )
    }
})

test('without a recorded mode only a regular file will do', (t) => {
  for (const found of TYPES)
    t.equal(
      reason({ mode: found | 0o644 }, original({ mode: undefined })),
      found === 0o100000 ? 'ok' : 'type',
    )
})

test('mount points and immutable files', (t) => {
  t.equal(reason({}, { isMountpoint: true }), 'mountpoint')
  t.equal(reason({ attributes: MOUNT_ROOT }), 'mountpoint')
  t.equal(reason({ attributes: IMMUTABLE }), 'immutable')
  t.equal(reason({ attributes: APPEND }), 'immutable')
  t.equal(reason({ attributes: 0x40 | 0x1000 }), 'ok', 'other attributes mean nothing')
})

test('--force overrides mismatch and newer', (t) => {
  const force = { ...CHANGED, force: true }
  t.equal(reason({ size: 6, mode: 0o100000 }, force), 'ok')
  t.equal(reason({}, { ...force, ctime: AFTER }), 'ok')
})

test('--force overrides nothing else', (t) => {
  const force = { force: true }
  t.equal(reason({ mode: 0o040755 }, force), 'type')
  t.equal(reason({ mode: 0o120777 }, force), 'type')
  t.equal(reason({ attributes: MOUNT_ROOT }, force), 'mountpoint')
  t.equal(reason({}, { ...force, isMountpoint: true }), 'mountpoint')
  t.equal(reason({ attributes: IMMUTABLE }, force), 'immutable')
  t.equal(reason({ nlink: 1 }, { ...force, keepLastLink: true }), 'last-link')
})

test('the last name of a file goes, unless --keep-last-link', (t) => {
  t.equal(reason({ nlink: 1 }), 'ok')
  t.equal(reason({ nlink: 1 }, { keepLastLink: true }), 'last-link')
  t.equal(reason({ nlink: 2 }, { keepLastLink: true }), 'ok')
  t.equal(reason({ nlink: 1 }, { ...CHANGED, ctime: AFTER, keepLastLink: true }), 'newer')
})

test('what is kept says why and what to do', (t) => {
  const cases = [
    verify(stat({ mode: 0o120777 }), seen()),
    verify(stat({ size: 6 }), seen(CHANGED)),
    verify(stat({ mode: 0o104600 }), seen(CHANGED)),
    verify(stat(), seen({ ...CHANGED, ctime: at(1_700_000_010, 5) })),
  ]
  t.match(cases[0]?.message, /^it is a symbolic link, the dumped file was a regular file$/)
  t.match(cases[1]?.message, /^it has 6 bytes, the dumped file had 5$/)
  t.match(cases[2]?.message, /^its permissions are 4600, the dumped file had 0644$/)
  t.match(
    cases[3]?.message,
    /newer \(2023-11-14T22:13:30\.000000005Z\) than the images \(2023-11-14T22:13:20\.0{6}500Z\)/,
  )
  t.match(cases[3]?.next, /--force/)
})

const times: fc.Arbitrary<Time> = fc.record({
  sec: fc.integer({ min: WRITTEN.sec - 1, max: WRITTEN.sec + 1 }),
  nsec: fc.constantFrom(0, 499, 500, 501, 999_999_999),
})
const circumstances = fc.record({
  original: fc.record({
    path: fc.constant(b('/gone')),
    size: fc.constantFrom(undefined, 5, 6),
    mode: fc.constantFrom(undefined, 0o100644, 0o100600, 0o010644, 0o040755),
    mntId: fc.constant(43),
  }),
  directoryCtime: times,
  begunAt: times,
  writtenAt: times,
  ctime: times,
  isMountpoint: fc.boolean(),
  proven: fc.boolean(),
  force: fc.boolean(),
  keepLastLink: fc.boolean(),
})
const files = fc
  .record({
    mode: fc.constantFrom(0o100644, 0o100600, 0o010644, 0o040755, 0o120777),
    size: fc.constantFrom(5, 6),
    nlink: fc.constantFrom(1, 2),
    attributes: fc.constantFrom(0, IMMUTABLE, MOUNT_ROOT),
  })
  .map((rest) => stat(rest))

test('--force never lets something go that would otherwise be kept for good', (t) => {
  const final = new Set(['type', 'mountpoint', 'immutable', 'last-link'])
  holds(
    t,
    'the final reasons are the same with and without',
    fc.property(files, circumstances, (file, of) => {
      const plain = verify(file, { ...of, force: false })?.reason
      const forced = verify(file, { ...of, force: true })?.reason
      if (plain === undefined) return forced === undefined
      if (final.has(plain)) return forced === plain
      return forced === undefined || forced === 'last-link'
    }),
    2000,
  )
})

test('the moment of the images decides, not the order of the checks', (t) => {
  holds(
    t,
    'kept as newer exactly where both times are later',
    fc.property(files, circumstances, (file, of) => {
      const objection = verify(file, { ...of, force: false })?.reason
      const limit = of.writtenAt.nsec === 0 ? 999_999_999 : of.writtenAt.nsec
      const later = (time: Time): boolean =>
        time.sec === of.writtenAt.sec ? time.nsec > limit : time.sec > of.writtenAt.sec
      const both = later(of.directoryCtime) && later(of.ctime)
      const never = ['type', 'mountpoint', 'immutable'].includes(objection ?? '')
      return never || (objection === 'newer') === both
    }),
    2000,
  )
})

test('a link that is older than the dump is none of it, wherever it is; --force takes it', (t) => {
  const begunAt = at(WRITTEN.sec - 5)
  t.equal(reason({}, { begunAt, ctime: at(begunAt.sec - 3) }), 'older')
  t.equal(reason({}, { begunAt, ctime: at(begunAt.sec - 3), proven: false }), 'older')
  t.equal(reason({}, { begunAt, ctime: at(begunAt.sec - 2) }), 'ok', 'coarse clocks')
  t.equal(reason({}, { begunAt, ctime: at(begunAt.sec - 3), force: true }), 'ok')
})

test('a recorded directory in which nothing happened during the dump proves nothing', (t) => {
  const begunAt = at(WRITTEN.sec - 5)
  const seen = { begunAt, ctime: at(WRITTEN.sec - 1) }
  t.equal(reason({ size: 6 }, { ...seen, directoryCtime: at(WRITTEN.sec - 1) }), 'ok')
  t.equal(reason({ size: 6 }, { ...seen, directoryCtime: at(begunAt.sec - 3) }), 'mismatch')
})
