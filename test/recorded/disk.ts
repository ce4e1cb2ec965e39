// The recorded cases on a disk of their own: an ext4 image with the trees of each at the paths where they
// were found, every link with the times that it had, and the image directories beside. Nothing else can
// give a file an old time of change or of birth: debugfs(8) writes them while nothing is mounted.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../../src/checkpoint/checkpoint.js'
import { recordedCase, recordedFile, type Recorded } from '../unit/checkpoint/recorded.js'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { putDecoys } from '../rig/decoys.js'
import { mount, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { inRepo } from '../rig/repo.js'

/** in nanoseconds since 1970 */
export type Moment = bigint

const SECOND = 1_000_000_000n

export const seconds = (count: number): bigint => BigInt(Math.round(count * 1e9))

/** `SECONDS.NANOSECONDS` */
export const written = (moment: Moment): string =>
  `${moment / SECOND}.${String(moment % SECOND).padStart(9, '0')}`

export const nowOf = (): Moment => BigInt(Date.now()) * 1_000_000n

/**
 * When the machine was started on which all cases were recorded: what the kernel's clocks in the images
 * say, and the second in which each was written, leave only this.
 */
export const BOOTED: Moment = 1795632470n * SECOND + 900_000_000n

/** of all that no dump touched */
const OLD: Moment = 1795500000n * SECOND

export interface Times {
  /** `whole`: in whole seconds, as an archive keeps them and as they were recorded. */
  readonly images: 'exact' | 'whole'
  /** by how much later they are than they were */
  readonly later: bigint
}

/** A case with its times moved, and told to the nanosecond where only the second is recorded. */
export class Case {
  readonly name: string
  readonly recorded: Recorded
  private readonly times: Times
  /** in whole seconds; undefined where the images have no clock */
  private readonly clock: Moment | undefined

  constructor(name: string, times: Times) {
    this.name = name
    this.times = times
    this.recorded = recordedCase(name)
    this.clock = clockOf(name)
  }

  /** of an image, or of a log; both are recorded in whole seconds */
  written(second: number, isLog = false): Moment {
    const whole = BigInt(second) * SECOND
    return whole + (this.times.images === 'exact' ? this.fraction(whole, isLog) : 0n) + this.later
  }

  get later(): bigint {
    return this.times.later
  }

  changed([second, nanosecond]: readonly [number, number]): Moment {
    return BigInt(second) * SECOND + BigInt(nanosecond) + this.later
  }

  /** the second of the last image */
  get last(): number {
    return Math.max(...Object.values(this.recorded.images).map(([second]) => second))
  }

  /** where links were made and removed again: there may be none any more */
  get directories(): string[] {
    const { root, external, links } = this.recorded
    const at = root === undefined ? [] : [`${root}/app`]
    if (links.some((link) => link.path.startsWith(`${root}/tmp/`))) at.push(`${root}/tmp`)
    return [...at, ...Object.values(external)].filter((directory) => !directory.startsWith('/run/'))
  }

  /** that of the clock, in the second that it names */
  private fraction(whole: Moment, isLog: boolean): bigint {
    if (isLog) return seconds(0.99)
    const clock = this.clock
    return clock !== undefined && clock / SECOND === whole / SECOND ? clock % SECOND : seconds(0.5)
  }
}

const clockOf = (name: string): Moment | undefined => {
  const { clock } = readCheckpoint(recordedFile(name)).times
  return clock && BOOTED + BigInt(clock.boottime.sec) * SECOND + BigInt(clock.boottime.nsec)
}

/** All that the cases have is in one of these; each hides what the machine has there. */
export const PLACES = ['/srv', '/var/lib', '/var/tmp', '/mnt', '/run'] as const
const ON_DISK = PLACES.filter((place) => place !== '/run')

const SIZE = 128 * 1024 * 1024

interface Stamp {
  readonly changed: Moment
  readonly born: Moment
  /** of an image */
  readonly modified?: Moment
}

/** A disk with these cases, before it is mounted. */
class Template {
  readonly image: string
  private readonly tree: string
  private readonly stamps = new Map<string, Stamp>()

  constructor(folder: string, cases: readonly Case[]) {
    this.tree = path.join(folder, 'tree')
    this.image = path.join(folder, 'image')
    for (const place of ON_DISK) fs.mkdirSync(this.tree + place, { recursive: true })
    for (const one of cases) this.put(one)
    fs.writeFileSync(this.image, '')
    fs.truncateSync(this.image, SIZE)
    const features = ['-I', '256', '-O', '^has_journal', '-E', 'lazy_itable_init=0']
    must('mkfs.ext4', ['-q', '-F', ...features, '-d', this.tree, this.image])
    const script = path.join(folder, 'script')
    fs.writeFileSync(script, [...this.commands()].join('\n'))
    must('debugfs', ['-w', '-f', script, this.image])
    fs.rmSync(this.tree, { recursive: true })
  }

  private put(one: Case): void {
    const { root, links } = one.recorded
    // What a rootfs has where something is mounted in it.
    for (const place of root === undefined
      ? []
      : ['data', 'dev/shm', 'tmp', 'var/real/logs', 'vol'])
      this.directory(`${realRoot(one)}/${place}`)
    for (const directory of one.directories) {
      const real = onDisk(one, directory)
      this.directory(real)
      putDecoys(this.tree + real)
      fs.writeFileSync(`${this.tree}${real}/precious`, 'precious\n')
      const mine = links.filter((link) => path.dirname(link.path) === directory)
      for (const link of mine) this.link(one, link)
      // Where CRIU has removed its links the directory was changed all the same.
      const changed =
        mine
          .map(({ ctime }) => one.changed(ctime))
          .sort((a, b) => Number(a - b))
          .at(-1) ?? one.written(one.last) + 1n
      this.stamps.set(real, { changed, born: OLD })
    }
    for (const name of isMounted(one) ? ['merged', 'work', 'lower'] : [])
      this.directory(path.join(path.dirname(realRoot(one)), name))
    this.images(one)
  }

  private link(
    one: Case,
    { path: link, nlink, size, mode, ctime }: Recorded['links'][number],
  ): void {
    const real = onDisk(one, link)
    const stamp = { changed: one.changed(ctime), born: OLD }
    fs.writeFileSync(this.tree + real, 'x'.repeat(size))
    fs.chmodSync(this.tree + real, parseInt(mode, 8) & 0o7777)
    this.stamps.set(real, stamp)
    if (nlink === 1) return
    const survivor = `${real}.survivor`
    fs.linkSync(this.tree + real, this.tree + survivor)
    this.stamps.set(survivor, stamp)
  }

  private images(one: Case): void {
    const { directory, images, logs } = one.recorded
    const put = (at: string, second: number, size?: number, isLog = false): void => {
      const moment = one.written(second, isLog)
      const kept = recordedFile(one.name, path.basename(at))
      if (fs.existsSync(kept)) fs.copyFileSync(kept, this.tree + at)
      else fs.writeFileSync(this.tree + at, '')
      if (size !== undefined) fs.truncateSync(this.tree + at, size)
      this.stamps.set(at, { changed: moment, born: moment, modified: moment })
    }
    this.directory(directory)
    for (const [name, [second, size]] of Object.entries(images))
      put(`${directory}/${name}`, second, size)
    for (const [name, second] of Object.entries(logs))
      put(`${logFolder(one)}/${name}`, second, undefined, true)
  }

  private directory(at: string): void {
    fs.mkdirSync(this.tree + at, { recursive: true })
  }

  private *commands(): Generator<string> {
    for (const entry of fs.readdirSync(this.tree, { recursive: true, withFileTypes: true })) {
      // debugfs(8) would follow a symbolic link.
      if (entry.isSymbolicLink()) continue
      const at = path.join(entry.parentPath, entry.name).slice(this.tree.length)
      const { changed, born, modified } = this.stamps.get(at) ?? { changed: OLD, born: OLD }
      yield* setTime(at, 'ctime', changed)
      yield* setTime(at, 'crtime', born)
      yield* setTime(at, 'mtime', modified ?? OLD)
    }
  }
}

function* setTime(at: string, field: string, moment: Moment): Generator<string> {
  yield `set_inode_field "${at}" ${field} @${moment / SECOND}`
  yield `set_inode_field "${at}" ${field}_extra ${(moment % SECOND) << 2n}`
}

const logFolder = ({ name, recorded: { directory } }: Case): string =>
  name.startsWith('podman') ? path.dirname(directory) : directory

/** The root that was given is an overlay, and still mounted. */
const isMounted = ({ name }: Case): boolean => name.includes('uidmap')

/** Its upper directory has the links then. */
const realRoot = (one: Case): string => onDisk(one, one.recorded.root ?? '')

export const onDisk = (one: Case, at: string): string =>
  isMounted(one) ? at.replace('/merged', '/diff') : at

/** A disk that is mounted where its cases were recorded, until it is taken away. */
export class Disk {
  /** major:minor */
  readonly device: string
  readonly cases: readonly Case[]
  private readonly mounted: string[] = []
  private readonly folder: string

  /** In a folder that no place hides, and that goes with it. */
  constructor(folder: string, cases: readonly Case[]) {
    this.cases = cases
    this.folder = folder
    const at = path.join(folder, 'mounted')
    fs.mkdirSync(at, { recursive: true })
    this.mount('-o', 'loop,noatime', new Template(folder, cases).image, at)
    for (const place of ON_DISK) this.mount('--bind', at + place, place)
    for (const one of this.cases.filter(isMounted)) this.mountOverlay(one)
    this.device = deviceOf(at)
  }

  /** As in the images of a dump on this very disk: they name its number. */
  name({ recorded: { directory, images } }: Case): void {
    for (const name of Object.keys(images).filter((one) => one.startsWith('mountpoints-'))) {
      const image = path.join(directory, name)
      const { atime, mtime } = fs.statSync(image)
      const bytes = fs.readFileSync(image).toString('latin1')
      const own = rootDevice(this.device)
      const renamed = bytes.replaceAll(rootDevice('7:0'), own).replaceAll(rootDevice('7:1'), own)
      fs.writeFileSync(image, renamed, 'latin1')
      fs.utimesSync(image, atime, mtime)
    }
  }

  end(): void {
    for (const place of this.mounted.reverse()) unmount(place)
    fs.rmSync(this.folder, { recursive: true })
  }

  private mount(...args: string[]): void {
    mount(...args)
    this.mounted.push(args.at(-1) as string)
  }

  private mountOverlay({ recorded: { root = '' } }: Case): void {
    const at = (name: string): string => path.join(path.dirname(root), name)
    const layers = `lowerdir=${at('lower')},upperdir=${at('diff')},workdir=${at('work')}`
    this.mount('-t', 'overlay', '-o', layers, 'overlay', root)
  }
}

const deviceOf = (at: string): string => {
  const { dev } = fs.statSync(at)
  return `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
}

/** The field of a mount's entry, as CRIU's protobuf writes it: four bytes for any loop device. */
const rootDevice = (device: string): string => {
  const [major = 0, minor = 0] = device.split(':').map(Number)
  const bytes = [0x18]
  let rest = major * 2 ** 20 + minor
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return String.fromCharCode(...bytes, rest)
}

/** Why this machine cannot run them. */
export const whyNot = (): string | false => {
  if (process.getuid?.() !== 0) return 'needs root'
  const hidden = PLACES.find((place) =>
    [inRepo(), process.execPath].some((file) => file.startsWith(`${place}/`)),
  )
  if (hidden !== undefined) return `needs this repository and Node outside of ${hidden}`
  const lacks = needs('debugfs', 'e2fsprogs') || needs('mkfs.ext4', 'e2fsprogs')
  if (lacks !== false) return lacks
  const tried = spawnSync(compile('booted.c'), [written(nowOf()), 'true'])
  return tried.status === 0 ? false : 'needs time namespaces'
}
