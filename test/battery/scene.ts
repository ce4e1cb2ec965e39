// A dump made by hand that can be put back as it was after each run, which costs a few system calls and not
// a new tree.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { endNow } from '../encode/images.js'
import { putDecoys } from '../rig/decoys.js'
import { HandMade, later, NS, ROOT_MOUNT, survivorOf, type LinkOptions } from '../rig/hand-made.js'
import { asBytes, onlyRemoved, type Manifest } from '../rig/manifest.js'

/** a device number of its own for each file system of the images; nothing here has it mounted */
export const DEVICE = {
  root: { minor: 0xfff01 },
  first: { minor: 0xfff02 },
  second: { minor: 0xfff03 },
} as const

/** No images tell that this was all. */
const INCOMPLETE = 4

interface Made {
  readonly link: string
  readonly survivor: string
}

export class Scene extends HandMade {
  protected override hasRoot = false
  /** of CRIU itself: what is named here is removed by a run that is left alone */
  readonly made: Made[] = []
  /** of a run that is left alone */
  code = 0
  /** links that no run can remove */
  readonly stuck = new Set<string>()
  /**
   * A link is left whose file lost another one, as if it had been made since: such a run keeps it, because
   * it may be that of a later dump, until somebody who knows better says --force.
   */
  ambiguous = false
  /** from which call on something may happen; none before it */
  mark = 'unshare'
  /** the container lives, and there are no images: its process, and where it holds a file of each link */
  private holder: ChildProcess | undefined
  private when: readonly string[] = []
  /** what is looked below, where the images are not what tells of the links */
  private tops: readonly string[] = []

  /** a directory of the scene, on the host */
  dir(...parts: string[]): string {
    return this.folder(join(...parts))
  }

  override file(dir: string, name: string, options: LinkOptions = {}): string {
    const link = super.file(dir, name, options)
    this.made.push({ link, survivor: survivorOf(link) })
    return link
  }

  /** a link in `dir` of the host, which the dumped tree saw as `inside` on mount `mntId` */
  linkAt(dir: string, inside: string, id: number, mntId?: number): string {
    const name = `link_remap.${id}`
    this.remap(id, join(inside, name), mntId === undefined ? {} : { mntId })
    return this.file(this.dir(dir), name)
  }

  /** another link of the file of a link, as of a file that was open under two names */
  alias(dir: string, id: number, of: number): void {
    const survivor = survivorOf(this.at(dir, `link_remap.${of}`))
    const link = join(dirname(survivor), `link_remap.${id}`)
    fs.linkSync(survivor, link)
    this.made.push({ link, survivor })
    this.remap(id, this.inside(dir, `link_remap.${id}`))
  }

  /** names like those of links beside the links: a careless run removes them */
  decoys(dir: string): void {
    putDecoys(this.dir(dir), this.made[0]?.survivor)
  }

  /** a namespace whose root is --root */
  withRoot(nsId = NS, mntId = ROOT_MOUNT): void {
    const row = { mntId, parent: 1, mountpoint: '/', root: '/c', ...DEVICE.root }
    if (nsId === NS) this.rows.push(row)
    else this.namespaces.set(nsId, [row])
    this.hasRoot = true
  }

  external(key: string, dir: string): void {
    this.options.push('--external', `mnt[${key}]:${this.dir(dir)}`)
  }

  /** How many links a report has, of which so many were gone before: images go on listing those. */
  total(goneBefore = 0): number {
    return this.holder === undefined ? this.links.length : this.made.length - goneBefore
  }

  /**
   * A process in a mount namespace of its own holds the file of each link, by a name that it has lost; nothing else
   * tells of them. To be called when all links are made.
   */
  holdAll(since: readonly string[] = ['--since', '1d']): void {
    this.mark = 'chdir'
    this.code = INCOMPLETE
    const lost = this.made.map(({ survivor }) => `${survivor} is lost`)
    this.made.forEach(({ survivor }, i) => {
      fs.linkSync(survivor, lost[i] as string)
    })
    const script = lost.map((name, i) => `exec ${i + 3}<'${name}'; rm '${name}'`).join('; ')
    const words = [
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      `${script}; echo; exec sleep 100000`,
    ]
    const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.holder = child
    this.when = since
    this.finally(() => child.kill('SIGKILL'))
    while (lost.some((name) => fs.existsSync(name))) later()
    later()
  }

  /** They are looked for below these directories of the host; the images list them, and prove nothing there. */
  scanBelow(...tops: readonly string[]): void {
    // Images are locked first: what follows is the look at directories, processes and mounts.
    this.mark = 'flock'
    this.tops = tops
  }

  /** Its links are found by their names and times. */
  get isScanned(): boolean {
    return this.tops.length > 0
  }

  /** No images tell of its links: a living process does. */
  get isLiving(): boolean {
    return this.holder !== undefined
  }

  /** Of the process that holds them. */
  get pid(): number {
    return this.holder?.pid ?? 0
  }

  override args(): string[] {
    if (this.isScanned)
      return [...this.tops, '-D', this.images, '--since', '1d', '--remove', ...this.options]
    return this.holder === undefined
      ? super.args()
      : ['--pid', String(this.pid), ...this.when, ...this.options]
  }

  /** the words of a clean-up */
  get clean(): string[] {
    return [this.isScanned ? 'scan' : 'clean', ...this.args(), '--json']
  }

  /** what a run that is left alone removes */
  get leftovers(): string[] {
    return this.made.map(({ link }) => link).filter((link) => !this.stuck.has(link))
  }

  gone(): string[] {
    return this.made.map(({ link }) => link).filter((link) => !fs.existsSync(link))
  }

  /** Links that are gone are made again, and the dump ends after them. */
  reset(): void {
    for (const { link, survivor } of this.made)
      if (!fs.existsSync(link)) fs.linkSync(survivor, link)
    endNow(this.images)
  }

  /** what happened since `before` besides the removal of links of this scene, and which these are */
  since(before: Manifest): { violations: string[]; gone: string[] } {
    const after = this.manifest()
    const gone = this.leftovers.filter((link) => !after.has(asBytes(link)))
    return { violations: onlyRemoved(before, after, gone), gone }
  }
}
