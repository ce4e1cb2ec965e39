// A container that turned hostile, in a folder: its rootfs, a volume and a host directory with victims
// beside them, and images written by hand. One check runs the command and says whether it did what it
// should have done, what it said, and nothing else.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { LinkSpec } from '../encode/images.js'
import type { MountRow } from '../encode/messages.js'
import { must } from '../rig/command.js'
import { putDecoys } from '../rig/decoys.js'
import { gc, sumOf, verdicts, type Run } from '../rig/gc.js'
import {
  DATA_MOUNT,
  HandMade,
  ROOT_MOUNT,
  survivorOf,
  type LinkOptions,
  type Name,
} from '../rig/hand-made.js'
import { asBytes, manifest, type Entry, type Manifest } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import { onlyGone } from '../rig/steps.js'

/** `lower`: an overlay whose lower layer has everything, as a rootfs that came with an image */
export type Kind = 'disk' | 'overlay' | 'lower' | 'tmpfs'

const FSTYPE: Record<Kind, number> = { disk: 0, overlay: 17, lower: 17, tmpfs: 5 }

interface Place {
  major: number
  minor: number
  root: string
}

/** device number and path in its file system, as CRIU records them of a mount on this directory */
export function placeOf(path: string): Place {
  const rows = mountinfo().map((line) => line.split(' '))
  const holds = (at: string): boolean => at === '/' || path === at || path.startsWith(`${at}/`)
  const [, , device = '', root = '', at = ''] = rows
    .filter((row) => holds(row[4] ?? ''))
    .sort((a, b) => (a[4]?.length ?? 0) - (b[4]?.length ?? 0))
    .at(-1) as string[]
  const [major, minor] = device.split(':').map(Number)
  const rest = at === '/' ? path : path.slice(at.length)
  return { major: major ?? 0, minor: minor ?? 0, root: join(root, rest) }
}

/** a test of tap's, whether it has anything to wait for or not */
export const test = (
  name: string,
  ...rest: [body: Body] | [options: { skip: string | false }, body: Body]
): void => {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
  t.test(name, options, async (t) => {
    await body(t)
  })
}
type Body = (t: Test) => void | Promise<void>

export interface WorldOptions {
  kind?: Kind
  /** the tree had no mount namespace of its own: paths are those of this machine */
  host?: boolean
  /** without the harmless remap that shows that the hostile one stopped nothing */
  alone?: boolean
}

export class World extends HandMade {
  readonly kind: Kind
  /** through which the rootfs is looked at */
  private seen = this.root
  private readonly decorated = new Set<string>()

  constructor({ kind = 'disk', host = false, alone = false }: WorldOptions = {}) {
    super()
    this.kind = kind
    this.hasRoot = !host
    for (const name of ['lower', 'upper', 'work']) this.folder(name)
    this.victims(this.host)
    this.victims(this.folder('host/app'))
    if (kind === 'tmpfs') this.mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', this.root)
    if (kind === 'overlay') this.mountOverlay()
    if (!host)
      this.rows.push({
        mntId: ROOT_MOUNT,
        parent: 1,
        mountpoint: '/',
        fstype: FSTYPE[kind],
        source: kind,
        ...placeOf(this.root),
      })
    if (!alone) this.link('good', 90)
  }

  override at(...parts: string[]): string {
    return this.kind === 'lower' ? join(this.base, 'lower', ...parts) : super.at(...parts)
  }

  /** files that a wrong deletion would hit: names of links of this dump, and precious ones */
  victims(dir: string): void {
    for (const name of ['link_remap.4', 'link_remap.6', 'link_remap.90', 'precious'])
      if (!fs.existsSync(join(dir, name))) fs.writeFileSync(join(dir, name), `victim ${name}\n`)
  }

  /** with names like its own beside it, which a careless run removes */
  override file(dir: string, name: string, options: LinkOptions = {}): string {
    const link = super.file(dir, name, options)
    if (this.decorated.has(dir)) return link
    this.decorated.add(dir)
    putDecoys(dir, options.names === 1 ? undefined : survivorOf(link))
    fs.writeFileSync(join(dir, 'precious'), 'precious\n')
    return link
  }

  /** a remap whose directory the rootfs has and whose name the test fills */
  place(dir: string, id: number, options: LinkOptions = {}): string {
    this.link(dir, id, options)
    fs.unlinkSync(this.at(dir, `link_remap.${id}`))
    return this.at(dir, `link_remap.${id}`)
  }

  /** the volume as an external mount with a link in it */
  external(key: Name, id: number, options: LinkOptions & { row?: Partial<MountRow> } = {}): string {
    this.file(this.volume, `link_remap.${id}`, options)
    fs.mkdirSync(this.at('data'), { recursive: true })
    this.rows.push({
      mntId: DATA_MOUNT,
      parent: ROOT_MOUNT,
      mountpoint: '/data',
      extKey: key,
      ...placeOf(this.volume),
      ...options.row,
    })
    this.remap(id, `/data/link_remap.${id}`, { mntId: DATA_MOUNT, ...options })
    return join(this.volume, `link_remap.${id}`)
  }

  /** from now on the rootfs is looked at without what is going to be mounted in it */
  cover(): void {
    this.seen = this.folder('view')
    this.mount('--bind', this.root, this.seen)
  }

  private mountOverlay(): void {
    const at = (name: string): string => join(this.base, name)
    const layers = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
    this.mount('-t', 'overlay', '-o', layers, 'overlay', this.root)
  }

  override dump(): this {
    if (this.kind === 'lower') {
      this.mountOverlay()
      Object.assign(this.rows[0] ?? {}, placeOf(this.root))
    }
    return super.dump()
  }

  override manifest(): Manifest {
    // the upper layer shows in the merged tree; what may not be written to is looked at by itself
    const others = ['host', 'volume', 'images', 'lower'].map((name) => join(this.base, name))
    const all = manifest(this.seen, ...others)
    // A path may be no text, and onlyRemoved takes text: each byte becomes a character.
    return new Map([...all].map(([path, entry]) => [asBytes(path), this.comparable(path, entry)]))
  }

  /** The first deletion below a directory of the lower layer makes a copy of the directory. */
  private comparable(path: string, entry: Entry): Entry {
    const copied = this.kind === 'lower' && entry.type === 'dir' && path.startsWith(this.root)
    return copied ? { ...entry, nlink: 0, ctimeNs: 0n } : entry
  }

  /** a path of the rootfs as the manifest has it */
  shown(path: Name): string {
    const text = Buffer.from(path).toString('latin1')
    return text.startsWith(`${this.root}/`) ? this.seen + text.slice(this.root.length) : text
  }
}

/** a world that ends with its test, whatever happens */
export function newWorld(t: Test, options: WorldOptions = {}): World {
  const world = new World(options)
  t.teardown(() => {
    world.end()
  })
  return world
}

export interface Expected {
  /** of the hostile remaps; those of the harmless one go without saying */
  verdicts?: string[]
  /** absolute paths */
  removed?: Name[]
  /** of clean; what follows from the verdicts unless given */
  code?: number
  /** where they differ from what follows from `verdicts` */
  show?: string[]
  again?: string[]
  /** done after the images were written */
  after?: () => void
  /** of what the run says, on whatever stream */
  says?: RegExp
  /** looked at after clean */
  afterwards?: (run: Run) => void
  /** clean only: the rest of the way is that of another test */
  once?: true
  /** a program that runs the command */
  under?: string[]
  /** a second look at a tree that a mount covers */
  also?: string
}

const GOOD = '90 removed'

/** what `show` calls what `clean` does; that a directory forbids it only a deletion tells */
const shown = (verdict: string): string => verdict.replace(/ removed$/, ' would-remove')

const repeated = (verdict: string): string => verdict.replace(/ removed$/, ' absent')

function codeOf(verdicts: string[], fallback: number): number {
  if (verdicts.some((verdict) => / (kept|failed|would-remove)\b/.test(verdict))) return 3
  return verdicts.some((verdict) => verdict.endsWith(' unproven')) ? 4 : fallback
}

/** tests in which `show` said of every remap what `clean` then did */
const agreed = new Set<string>()

/** How many of this file there were so far. */
export const agreements = (): number => agreed.size

/** Of two runs in a row: the same verdicts of the same remaps. */
const agree = (shown: Run, cleaned: Run): boolean =>
  verdicts(shown).length > 0 &&
  verdicts(shown).join() ===
    verdicts(cleaned)
      .map((verdict) => verdict.replace(/ removed$/, ' would-remove'))
      .join()

/**
 * Writes the images, then show, clean, clean: each with the right verdicts, the right code, totals that
 * add up, exactly the right names gone, and both mount tables as they were.
 */
export function check(t: Test, world: World, expected: Expected): void {
  world.dump()
  expected.after?.()
  const good = world.links.some(({ id }) => id === 90) ? [GOOD] : []
  const whole = expected.verdicts !== undefined
  const cleaned = whole ? [...good, ...(expected.verdicts ?? [])] : []
  const goodLink = join(world.root, 'good/link_remap.90')
  const removed = whole && good.length > 0 ? [goodLink] : []
  const fallback = expected.code ?? 0
  const again = expected.again ?? expected.verdicts?.map(repeated) ?? []
  const show = expected.show ?? expected.verdicts?.map(shown) ?? []

  const steps: [word: 'show' | 'clean', verdicts: string[], gone: Name[]][] = [
    ['show', whole ? [...good.map(shown), ...show] : [], []],
    ['clean', cleaned, [...removed, ...(expected.removed ?? [])]],
    ['clean', whole ? [...good.map(repeated), ...again] : [], []],
  ]
  // looking only and coming back are the same code wherever the files are
  const wholeWay = world.kind === 'disk' && !expected.once ? steps : steps.slice(1, 2)
  const runs: Run[] = []
  for (const step of wholeWay) {
    const [word, wanted, gone] = step
    const args = [word, ...world.args(), '--json']
    const run = unchanged(t, world, args, gone, expected)
    t.strictSame(verdicts(run), wanted, `${word}: verdicts`)
    t.equal(run.code, codeOf(wanted, fallback), `${word}: exit code; ${run.stderr}`)
    checkReport(t, run)
    runs.push(run)
    if (step !== steps[1]) continue
    if (expected.says) t.match(run.stdout + run.stderr, expected.says)
    expected.afterwards?.(run)
  }
  const [first, second] = runs
  if (wholeWay === steps && first && second && agree(first, second)) agreed.add(t.name)
}

/** Runs the command and compares everything: only `gone` may be missing afterwards. */
export function unchanged(
  t: Test,
  world: World,
  args: string[],
  gone: Name[] = [],
  { also, under = [] }: Pick<Expected, 'also' | 'under'> = {},
): Run {
  const look = (): Manifest =>
    new Map([...world.manifest(), ...(also === undefined ? [] : manifest(also))])
  const paths = gone.map((path) => world.shown(path))
  const run = onlyGone(t, args[0] ?? 'no command', paths, look, () => gc(args, under))
  t.notMatch(run.stderr, /^ +at /m, 'no stack trace')
  return run
}

/** one document, of the exit code that it had, whose totals add up */
function checkReport(t: Test, { report, code }: Run): void {
  t.equal(report?.exit.code, code, 'the exit code is in the document')
  if (report?.totals === undefined) return
  const { remaps } = report.totals
  t.equal(remaps, report.remaps?.length, 'as many as there are remaps')
  t.equal(sumOf(report.totals), remaps, 'totals add up')
}

/** a process that does something for as long as the test lives */
export function background(t: Test, command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return child
}

/** a container that lives on: a process in a mount namespace of its own, after `mounts` (of sh) */
export async function liveNamespace(t: Test, mounts: string, args: string[]): Promise<number> {
  // a builtin waits: after a pivot there may be no program
  const script = `${mounts} && echo ready && read end`
  const child = background(t, 'unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh'],
    ...args,
  ])
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', () => reject(new Error(`${mounts}: ended early`)))
  })
  return child.pid ?? -1
}

export const chattr = (world: World, flag: 'i' | 'a', path: string): void => {
  must('chattr', [`+${flag}`, path])
  world.finally(() => must('chattr', [`-${flag}`, path]))
}

/** as in images of a tree without mount namespaces */
export function withoutMount(link: LinkSpec): LinkSpec {
  const { mntId, ...rest } = link
  return mntId === undefined ? link : rest
}
