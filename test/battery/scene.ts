// A folder with a tree, volumes and hand-made images of a dump that left links in them. A scene can be
// put back as it was after each run, which costs a few system calls and not a new tree.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endNow, writeDump, type LinkSpec } from '../encode/images.js'
import type { InventorySpec, MountRow } from '../encode/messages.js'
import { putDecoys } from '../rig/decoys.js'
import { asBytes, manifest, onlyRemoved, type Manifest } from '../rig/manifest.js'

export const NS = 9
export const ROOT_MOUNT = 50

/** a device number of its own for each file system of the images; nothing here has it mounted */
export const DEVICE = {
  root: { minor: 0xfff01 },
  first: { minor: 0xfff02 },
  second: { minor: 0xfff03 },
} as const

interface Made {
  readonly link: string
  readonly survivor: string
}

export class Scene {
  readonly base = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'criu-gc-battery-'))
  readonly images = join(this.base, 'images')
  readonly namespaces = new Map<number, MountRow[]>()
  /** of CRIU itself: what is named here is removed by a run that is left alone */
  readonly made: Made[] = []
  readonly specs: LinkSpec[] = []
  /** further entries, encoded */
  readonly files: Buffer[] = []
  readonly remaps: Buffer[] = []
  inventory: InventorySpec = {}
  readonly options: string[] = []
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
  /** of the dump: what the scene is filled with is not older, however long the filling takes */
  begun = new Date()
  private readonly undo: (() => void)[] = []

  /** a directory of the scene, on the host */
  dir(...parts: string[]): string {
    const path = join(this.base, ...parts)
    fs.mkdirSync(path, { recursive: true })
    return path
  }

  get root(): string {
    return this.dir('rootfs')
  }

  /** a file with two names on the host, the second that of its link; returns the link */
  file(dir: string, id: number): string {
    const link = join(this.dir(dir), `link_remap.${id}`)
    const survivor = join(this.base, dir, `kept ${id}`)
    fs.writeFileSync(survivor, `contents of ${id}\n`)
    fs.linkSync(survivor, link)
    this.made.push({ link, survivor })
    return link
  }

  /** the entries of a remap alone */
  remap(link: string, id: number, mntId?: number, rest: Partial<LinkSpec> = {}): void {
    const size = Buffer.byteLength(`contents of ${id}\n`)
    this.specs.push({ id, link, size, ...(mntId === undefined ? {} : { mntId }), ...rest })
  }

  /** a link in `dir` of the host, which the dumped tree saw as `inside` on mount `mntId` */
  link(dir: string, inside: string, id: number, mntId?: number): string {
    const link = this.file(dir, id)
    this.remap(join(inside, `link_remap.${id}`), id, mntId)
    return link
  }

  /** another link of the file whose link is `of`, as of a file that was open under two names */
  alias(dir: string, inside: string, id: number, of: number, mntId?: number): void {
    const survivor = join(this.base, dir, `kept ${of}`)
    const link = join(this.base, dir, `link_remap.${id}`)
    fs.linkSync(survivor, link)
    this.made.push({ link, survivor })
    const { size } = fs.statSync(survivor)
    const name = join(inside, `link_remap.${id}`)
    this.specs.push({ id, link: name, size, ...(mntId === undefined ? {} : { mntId }) })
  }

  /** names like those of links beside the links: a careless run removes them */
  decoys(dir: string): void {
    putDecoys(this.dir(dir), this.made[0]?.survivor)
  }

  rows(nsId: number, ...rows: MountRow[]): void {
    this.namespaces.set(nsId, [...(this.namespaces.get(nsId) ?? []), ...rows])
  }

  /** a namespace whose root is --root */
  withRoot(nsId = NS, mntId = ROOT_MOUNT): void {
    this.rows(nsId, { mntId, parent: 1, mountpoint: '/', root: '/c', ...DEVICE.root })
    if (nsId === NS) this.options.push('-r', this.root)
  }

  external(key: string, dir: string): void {
    this.options.push('--external', `mnt[${key}]:${this.dir(dir)}`)
  }

  finally(undo: () => void): void {
    this.undo.push(undo)
  }

  /** writes the images; everything in the tree is older than they are */
  dump(): this {
    const { specs: links, namespaces, files, remaps, inventory } = this
    writeDump(this.images, { links, namespaces, files, remaps, inventory }, this.begun)
    return this
  }

  get args(): string[] {
    return ['clean', '-D', this.images, ...this.options, '--json']
  }

  /** what a run that is left alone removes */
  get links(): string[] {
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

  manifest(): Manifest {
    return manifest(this.base)
  }

  /** what happened since `before` besides the removal of links of this scene, and which these are */
  since(before: Manifest): { violations: string[]; gone: string[] } {
    const after = this.manifest()
    const gone = this.links.filter((link) => !after.has(asBytes(link)))
    return { violations: onlyRemoved(before, after, gone), gone }
  }

  end(): void {
    for (const undo of this.undo.reverse()) undo()
    fs.rmSync(this.base, { recursive: true, force: true })
  }
}
