// What must come out of each recorded case: on the machine where it was recorded and on others, with the
// times that its images had, with whole seconds, and without them.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readCheckpoint } from '../../src/checkpoint/checkpoint.js'
import type { JsonReport } from '../../src/report/schema.js'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { gc, inWords } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import { insideMountNamespace, isInside, mount, unmount } from '../rig/namespace.js'
import { recordedCases } from '../unit/checkpoint/recorded.js'
import {
  BOOTED,
  Case,
  Disk,
  nowOf,
  onDisk,
  PLACES,
  seconds,
  written,
  type Moment,
  whyNot,
} from './disk.js'

/**
 * What the people did with it, and how many of its links lie on a disk, or in a tmpfs that died:
 * `given up` after a whole dump; `killed late`, the dump, when all images were written and nothing else;
 * `restored` in vain; `left running`, so that CRIU removed its links; `started again` after a whole dump,
 * and dumped to somewhere else; `dumped again` into the same directory, in vain; `failed` by itself;
 * `blind`, killed before anything was listed.
 */
type Sort = keyof typeof SORTS
const CASES: Readonly<Record<string, readonly [sort: Sort, disk: number, dead: number]>> = {
  'containerd219-exit': ['given up', 3, 2],
  'crun128-complete': ['given up', 3, 2],
  'docker2852-complete': ['given up', 4, 2],
  'incus702-stateful-stop': ['given up', 3, 1],
  'podman586-crun128-complete': ['given up', 4, 2],
  'podman586-crun128-export-rm': ['given up', 3, 2],
  'podman586-crun128-f-same-dir': ['dumped again', 0, 0],
  'podman586-fuse-overlayfs': ['given up', 4, 2],
  'podman586-runc-restore-failed': ['restored', 4, 2],
  'podman586-runc-userns-uidmap': ['given up', 4, 2],
  'podman586-userns-uidmap': ['blind', 0, 0],
  'runc-userns-idmap-volume': ['given up', 3, 2],
  'runc115-b-rt': ['killed late', 15, 10],
  'runc115-c': ['failed', 9, 6],
  'runc115-complete': ['given up', 15, 10],
  'runc115-e': ['left running', 6, 4],
  'runc136-b-criu': ['blind', 0, 0],
  'runc136-btrfs-subvolume': ['given up', 3, 2],
  'runc136-c': ['failed', 9, 6],
  'runc136-complete': ['given up', 3, 2],
  'runc136-e': ['left running', 6, 4],
  'runc136-f': ['started again', 3, 2],
  'runc136-f-same': ['dumped again', 0, 0],
  'runc136-pod-shm': ['given up', 4, 1],
}

/** of a remap: what the program calls it, the reason, and whether it says that it is not proven */
type Verdict =
  | 'removed'
  | 'vanished'
  | 'absent'
  | 'absent unproven'
  | `kept ${'newer' | 'older' | 'unreachable'}`

interface Setting {
  readonly name: string
  /** Where the clean-up runs. `never unmounted`: the disk is the one, by all that is known of it. */
  readonly machine: 'of the dump' | 'never unmounted' | 'another'
  readonly images: 'exact' | 'whole' | 'copied'
}

const SETTINGS: readonly Setting[] = [
  { name: 'as it was, mounted once more', machine: 'of the dump', images: 'exact' },
  { name: 'as it was', machine: 'never unmounted', images: 'exact' },
  { name: 'after a reboot, or on another machine', machine: 'another', images: 'exact' },
  { name: 'images in whole seconds', machine: 'of the dump', images: 'whole' },
  { name: 'images in whole seconds, elsewhere', machine: 'another', images: 'whole' },
  { name: 'images copied without times', machine: 'of the dump', images: 'copied' },
  { name: 'images copied without times, elsewhere', machine: 'another', images: 'copied' },
]

interface Facts extends Setting {
  /** The link was changed in the second of the last image. */
  readonly inLastSecond: boolean
}

/** by sort: of what is on a disk, and of what was in a tmpfs that is no more */
const SORTS = {
  'given up': {
    kind: 'whole',
    disk: ({ images, machine, inLastSecond }: Facts): Verdict => {
      if (machine !== 'another' || images === 'exact') return 'removed'
      if (images === 'copied') return 'kept older'
      // Only the kernel's clock would say which part of the second it was.
      return inLastSecond ? 'kept newer' : 'removed'
    },
    dead: 'vanished',
  },
  // Neither a log nor statistics say how long it took, and the times of copies do not.
  'killed late': {
    kind: 'whole',
    disk: ({ images }: Facts): Verdict => (images === 'copied' ? 'kept older' : 'removed'),
    dead: 'vanished',
  },
  // restore.log explains when the links were changed, as long as its own time is known.
  restored: {
    kind: 'whole',
    disk: ({ images, machine }: Facts): Verdict => {
      if (images === 'exact') return 'removed'
      return images === 'copied' && machine === 'another' ? 'kept older' : 'kept newer'
    },
    dead: 'vanished',
  },
  'left running': {
    kind: 'whole',
    disk: ({ images, machine }: Facts): Verdict => {
      if (machine === 'never unmounted') return 'absent'
      return images === 'copied' && machine === 'another' ? 'kept unreachable' : 'absent unproven'
    },
    dead: 'vanished',
  },
  'started again': {
    kind: 'whole',
    disk: ({ images, machine }: Facts): Verdict =>
      images === 'copied' && machine === 'another' ? 'kept older' : 'kept newer',
    dead: 'vanished',
  },
  // Its log says that CRIU removed them, if these are the directories; no image says what was a tmpfs.
  failed: {
    kind: 'failed',
    disk: ({ images }: Facts): Verdict => (images === 'copied' ? 'absent unproven' : 'absent'),
    dead: 'absent unproven',
  },
  'dumped again': { kind: 'mixed', disk: undefined, dead: undefined },
  blind: { kind: 'blind', disk: undefined, dead: undefined },
} as const

/** What a caller says to a doubt, and what comes of it. */
const CONSENTS = [
  ['kept newer', ['--accept', 'newer'], 'removed'],
  ['kept older', ['--accept', 'older'], 'removed'],
  ['kept unreachable', ['--accept', 'gone'], 'absent unproven'],
  ['kept without root', ['--gone', '/'], 'vanished'],
] as const

interface Expected {
  readonly verdict: Verdict | 'kept without root'
  /** Of the link on this machine, where it may be there. */
  readonly at?: string
  /** It was there once. */
  readonly wasRemoved?: true
}

type Expectation = ReadonlyMap<string, Expected>

const change = (all: Expectation, how: (link: string, one: Expected) => Expected): Expectation =>
  new Map([...all].map(([link, one]) => [link, how(link, one)]))

const repeated = (all: Expectation): Expectation =>
  change(all, (_, one) =>
    one.verdict === 'removed' ? { ...one, verdict: 'absent', wasRemoved: true } : one,
  )

/** As the report has it. */
const wordOf = ({ verdict }: Expected, word: 'show' | 'clean'): string => {
  if (verdict === 'kept without root') return 'kept unreachable'
  return verdict === 'removed' && word === 'show' ? 'would-remove' : verdict
}

/** Place in the container, and directory of this machine. */
const externals = ({ recorded: { external } }: Case): [place: string, directory: string][] =>
  Object.entries(external).map(([key, directory]) => [path.join('/', key), directory])

/** Where a link is on this machine: `dead` in a tmpfs of the container's own, `lost` with its rootfs. */
const hostPath = (one: Case, link: string): string => {
  const { name, recorded } = one
  for (const [place, directory] of externals(one))
    if (link.startsWith(`${place}/`)) return directory + link.slice(place.length)
  if (link.startsWith('/dev/shm/')) return 'dead'
  if (link.startsWith('/tmp/') && !name.startsWith('incus')) return 'dead'
  return recorded.root === undefined ? 'lost' : recorded.root + link
}

/**
 * Whether its directory is known to be that of the dump: by the upper directory of an overlay, or by the
 * number of a disk that was there all the time. What has no device has a number that is given again.
 */
const isTheOne = (one: Case, link: string, { machine }: Setting): boolean => {
  const { name, recorded } = one
  const isInRoot = recorded.root !== undefined && hostPath(one, link).startsWith(recorded.root)
  if (name.includes('fuse') && isInRoot) return false
  if (name.includes('btrfs') && link.startsWith('/data/')) return false
  return machine === 'never unmounted' || (isInRoot && /^(?:containerd|docker|podman)/.test(name))
}

/** By the contract. */
const codeOf = (kind: string, words: readonly string[]): number => {
  if (words.some((word) => /^(?:kept|failed|would-remove)/.test(word))) return 3
  return kind === 'whole' && !words.some((word) => word.endsWith('unproven')) ? 0 : 4
}

/** All that a wrong deletion could hit; the other cases, too. */
const TREES = [...PLACES.filter((place) => place !== '/run'), '/run/pod1']

/** What clean-ups remember of each other until the next boot. */
const ACTS = '/run/criu-gc'

const factsOf = (one: Case): { sort: Sort; disk: number; dead: number } => {
  const [sort, disk, dead] = CASES[one.name] as (typeof CASES)[string]
  return { sort, disk, dead }
}

/** One case under one setting. */
class Attempt {
  /** After those for images, root and external mounts. */
  more: readonly string[] = []
  private readonly t: Test
  private readonly one: Case
  private readonly setting: Setting
  /** Of the images. */
  private readonly directory: string
  /** As the last step left them. */
  private trees = manifest(...TREES)

  constructor(t: Test, one: Case, setting: Setting) {
    this.t = t
    this.one = one
    this.setting = setting
    this.directory = setting.images === 'copied' ? copyOf(one) : one.recorded.directory
    fs.rmSync(ACTS, { recursive: true, force: true })
  }

  /** From the first look to a clean-up that knows of no other. */
  run(): void {
    let expected = this.expectation()
    this.step('show', expected)
    this.step('clean', expected)
    expected = repeated(expected)
    this.step('clean', expected)
    for (const [kept, options, then] of CONSENTS) {
      if (![...expected.values()].some(({ verdict }) => verdict === kept)) continue
      this.more = [...this.more, ...options]
      expected = change(expected, (_, one) =>
        one.verdict === kept ? { ...one, verdict: then } : one,
      )
      this.step('clean', expected)
      expected = repeated(expected)
      this.step('clean', expected)
    }
    fs.rmSync(ACTS, { recursive: true, force: true })
    this.step(
      'clean',
      change(expected, (link, one) =>
        one.wasRemoved && !isTheOne(this.one, link, this.setting)
          ? { ...one, verdict: 'absent unproven' }
          : one,
      ),
    )
  }

  /** By the link as the container saw it. */
  expectation(): Expectation {
    const { t, one, setting } = this
    const { sort, disk, dead } = factsOf(one)
    const all = new Map<string, Expected>()
    for (const { link } of readCheckpoint(one.recorded.directory).remaps) {
      const at = hostPath(one, link)
      const recorded = one.recorded.links.find((there) => there.path === at)
      const inLastSecond = recorded !== undefined && recorded.ctime[0] >= one.last
      const verdict =
        at === 'lost'
          ? 'kept without root'
          : at === 'dead'
            ? SORTS[sort].dead
            : SORTS[sort].disk?.({ ...setting, inLastSecond })
      if (verdict === undefined) throw new Error(`${link}: nothing is listed in such images`)
      all.set(link, at.startsWith('/') ? { verdict, at } : { verdict })
    }
    const found = [...all.values()].filter(({ at }) => at !== undefined)
    const isDead = ({ at, verdict }: Expected): boolean =>
      at === undefined && verdict !== 'kept without root'
    t.strictSame(
      [found.length, [...all.values()].filter(isDead).length],
      [disk, dead],
      'all listed',
    )
    if (found.some(({ verdict }) => verdict === 'removed'))
      t.strictSame(
        found.map(({ at }) => at).sort(),
        one.recorded.links.map((link) => link.path).sort(),
        'as recorded',
      )
    return all
  }

  /** Exactly what is expected is said, and done. */
  step(word: 'show' | 'clean', expected: Expectation): void {
    const { t, one } = this
    const { kind } = SORTS[factsOf(one).sort]
    const said = [word, ...this.more].join(' ')
    const gone = [...expected.values()].flatMap(({ verdict, at }) =>
      word === 'clean' && verdict === 'removed' && at !== undefined ? namesOf(one, at) : [],
    )
    const [before, mounts] = [this.trees, mountinfo()]
    const { json, stderr } = this.gc(word)
    this.trees = manifest(...TREES)
    t.strictSame(onlyRemoved(before, this.trees, gone), [], `${said}: nothing else changed`)
    t.strictSame(diffMountinfo(mounts, mountinfo()), [], `${said}: no mount is left`)
    const words = [...expected].map(([link, one]) => [link, wordOf(one, word)] as const)
    t.strictSame(
      json.remaps.map((remap) => [remap.link, inWords(remap)]),
      words,
      `${said}: verdicts; ${stderr}`,
    )
    const code = codeOf(
      kind,
      words.map(([, verdict]) => verdict),
    )
    t.strictSame([json.dump, json.exit.code], [kind, code], `${said}: kind of dump, exit code`)
  }

  private gc(word: 'show' | 'clean'): { json: JsonReport; stderr: string } {
    const { one, setting } = this
    const { root } = one.recorded
    // Elsewhere no clock of an image can be of the time since boot.
    const booted: Moment =
      setting.machine === 'another' ? nowOf() - seconds(0.5) : BOOTED + one.later
    const run = gc(
      [
        ...[word, '--json', '-D', this.directory, ...this.more],
        ...(root === undefined ? [] : ['-r', root]),
        ...(this.more.includes('mnt[]') ? [] : externals(one)).flatMap(([place, at]) => [
          ...['--external', `mnt[${place}]:${at}`],
        ]),
      ],
      [compile('booted.c'), written(booted)],
    )
    const json = run.report?.remaps && (run.report as JsonReport)
    if (json?.exit.code !== run.code) throw new Error(`${word}: exit ${run.code}: ${run.stderr}`)
    return { json, stderr: run.stderr }
  }
}

/** An overlay shows the names of its upper directory once more. */
const namesOf = (one: Case, at: string): string[] => {
  const real = onDisk(one, at)
  return real === at ? [at] : [at, real]
}

const sleepUntil = (moment: Moment): void => {
  const left = Number((moment - nowOf()) / 1_000_000n)
  if (left > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left + 1)
}

/** As `cp -r` leaves images and logs. */
const copyOf = (one: Case): string => {
  const { directory, links } = one.recorded
  // A copy that is made at once is as good as the original.
  if (one.later > 0n) for (const { ctime } of links) sleepUntil(one.changed(ctime) + seconds(2.5))
  const above = '/run/copy'
  fs.rmSync(above, { recursive: true, force: true })
  fs.mkdirSync(above)
  const logs = ['dump.log', 'restore.log'].map((name) => path.join(directory, '..', name))
  must('cp', ['-r', directory, ...logs.filter((log) => fs.existsSync(log)), above])
  return path.join(above, path.basename(directory))
}

const POD = 'runc136-pod-shm'
const SHM = '/run/pod1/shm'

/**
 * The tmpfs of a pod, with a link of now: nothing can give it another time. Made in the part of a second
 * in which it was, so that all other times of the case are moved by whole seconds. Answers with how many.
 */
const mountShm = (): bigint => {
  const { links } = new Case(POD, { images: 'exact', later: 0n }).recorded
  const link = links.find(({ path: at }) => at.startsWith(SHM))
  if (link === undefined) throw new Error(`no link in ${SHM}`)
  const [then, part] = [seconds(link.ctime[0]), BigInt(link.ctime[1])]
  mount('-t', 'tmpfs', '-o', 'size=1m', 'shm', SHM)
  // In a later second than the tmpfs, which is older than the dump.
  const second = seconds(1)
  const now = nowOf()
  sleepUntil(now - (now % second) + second + (now % second > part ? second : 0n) + part)
  fs.writeFileSync(link.path, 'x'.repeat(link.size))
  fs.linkSync(link.path, `${link.path}.survivor`)
  const made = fs.statSync(link.path, { bigint: true }).ctimeNs
  // A disk tells in which second it was mounted, which is not that of the dump.
  sleepUntil(made - (made % second) + second)
  return made - then - ((made - then) % second)
}

/** Two cases may have the same paths. */
const groupsOf = (names: readonly string[]): string[][] => {
  const isSecond = (name: string): boolean => name.startsWith('runc115')
  return [names.filter((name) => !isSecond(name)), names.filter(isSecond)]
}

/** Mounts the cases where they were recorded, for as long as `body` needs. */
const withDisk = async (
  names: readonly string[],
  setting: Setting,
  body: (cases: readonly Case[]) => void | Promise<void>,
): Promise<void> => {
  const pod = names.includes(POD) ? mountShm() : 0n
  const images = setting.images === 'whole' ? 'whole' : 'exact'
  const disk =
    setting.machine === 'never unmounted'
      ? mountBefore(names)
      : new Disk(
          FOLDER,
          names.map((name) => new Case(name, { images, later: name === POD ? pod : 0n })),
        )
  // Elsewhere it is a number that was given again.
  for (const one of disk.cases) disk.name(one)
  await body(disk.cases)
  disk.end()
  if (names.includes(POD)) unmount(SHM)
}

const FOLDER = '/run/recorded'

/** A disk that was mounted before the dumps: they are moved to a moment in which it is sure to be. */
const mountBefore = (names: readonly string[], margin = 4): Disk => {
  const dumped = nowOf() + seconds(margin)
  const cases = names.map((name) => {
    const { last } = new Case(name, { images: 'exact', later: 0n })
    // In the second before that.
    return new Case(name, { images: 'exact', later: dumped - seconds(last + 1) })
  })
  const disk = new Disk(FOLDER, cases)
  if (nowOf() < dumped - seconds(1)) {
    sleepUntil(dumped)
    return disk
  }
  disk.end()
  return mountBefore(names, margin * 2)
}

const main = async (): Promise<void> => {
  mount('-t', 'tmpfs', '-o', 'size=1g', 'run', '/run')
  fs.mkdirSync(SHM, { recursive: true })
  // One of a container may have the very number that one of a case had.
  unmount('/dev/shm')
  t.strictSame(Object.keys(CASES), recordedCases(), 'all cases')

  for (const setting of SETTINGS) {
    const names = Object.keys(CASES).filter(
      // A tmpfs has no time but now.
      (name) => setting.machine !== 'never unmounted' || name !== POD,
    )
    await t.test(setting.name, async (t) => {
      for (const group of groupsOf(names))
        await withDisk(group, setting, async (cases) => {
          for (const one of cases)
            await t.test(one.name, (t) => {
              new Attempt(t, one, setting).run()
              t.end()
            })
        })
    })
  }

  const setting = SETTINGS[0] as Setting
  for (const special of SPECIAL)
    await t.test(special.what, async (t) => {
      await withDisk([special.name], setting, ([one]) => {
        special.before?.(one as Case)
        const attempt = new Attempt(t, one as Case, setting)
        attempt.more = special.more ?? []
        const expected = change(attempt.expectation(), (_, { at }) =>
          at === undefined ? { verdict: special.dead } : { verdict: special.disk, at },
        )
        attempt.step('show', expected)
        attempt.step('clean', expected)
        attempt.step('clean', repeated(expected))
      })
    })
}

/** What logs and other options make of some cases, on the machine of the dump. */
const SPECIAL: readonly {
  readonly what: string
  readonly name: string
  readonly before?: (one: Case) => void
  readonly more?: readonly string[]
  /** of what is on a disk, and of what is dead */
  readonly disk: Verdict
  readonly dead: Verdict
}[] = [
  {
    what: "left running, and CRIU's log says that it removed its links",
    name: 'runc136-e',
    before: (one) => putLog(one, 'Unfreezing tasks into 1', 'Dumping finished successfully'),
    disk: 'absent',
    dead: 'vanished',
  },
  {
    what: 'killed at its end: the log does not say that tasks went on',
    name: 'runc115-e',
    before: (one) => putLog(one, 'Unfreezing tasks into 2', 'Dumping finished successfully'),
    disk: 'absent unproven',
    dead: 'vanished',
  },
  {
    // That CRIU closed its images says that it failed by itself, and then it takes its links away.
    what: 'failed, and its log is lost',
    name: 'runc136-c',
    before: (one) => fs.unlinkSync(`${one.recorded.directory}/dump.log`),
    disk: 'absent',
    dead: 'absent unproven',
  },
  {
    what: 'restored in vain, and its log is lost',
    name: 'podman586-runc-restore-failed',
    before: (one) => fs.unlinkSync(`${one.recorded.directory}/../restore.log`),
    disk: 'kept newer',
    dead: 'vanished',
  },
  {
    what: 'an external mount that CRIU found by itself, and so does the clean-up',
    name: 'incus702-stateful-stop',
    more: ['--external', 'mnt[]'],
    disk: 'removed',
    dead: 'vanished',
  },
]

/** As CRIU ends it. */
const putLog = (one: Case, ...lines: string[]): void => {
  const log = `${one.recorded.directory}/dump.log`
  fs.writeFileSync(log, lines.map((line, i) => `(00.52214${i}) ${line}\n`).join(''))
  const second = Number(one.written(one.last) / 1_000_000n) / 1000
  fs.utimesSync(log, second, second)
}

if (isInside()) await main()
else {
  const skip = whyNot()
  if (skip !== false) t.pass('recorded cases', { skip })
  else {
    const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
    await t.spawn(command, args, {}, 'in a private mount namespace')
  }
}
