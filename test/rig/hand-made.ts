// A dump made by hand, in a folder: a rootfs, a volume and a host directory, links in them as CRIU leaves
// them, and images that list these. What hostile containers and batteries have in common; each adds what
// it is about.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { dumpImages, writeImages, type LinkSpec } from '../encode/images.js'
import type { InventorySpec, MountRow } from '../encode/messages.js'
import { manifest, type Manifest } from './manifest.js'
import { mount, unmount } from './namespace.js'

export const NS = 9
export const ROOT_MOUNT = 50
export const DATA_MOUNT = 51

export type Name = string | Buffer

export interface LinkOptions {
  size?: number
  mode?: number
  /** 1: the survivor is gone */
  names?: 1 | 2
  /** what the images say of the original, where that differs from the truth */
  says?: { size?: number; mode?: number }
  mntId?: number
  original?: Name
  /** as written by CRIU before 2.9 */
  untyped?: boolean
}

/** strictly later than anything before, for file systems whose clock ticks with the scheduler */
export const later = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
}

/** the other name of a file whose link this is */
export const survivorOf = (link: string): string =>
  join(dirname(link), `survivor of ${basename(link)}`)

export class HandMade {
  readonly base = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'criu-gc-world-'))
  readonly root = this.folder('rootfs')
  readonly host = this.folder('host')
  readonly volume = this.folder('volume')
  readonly images = this.folder('images')
  /** of the images; everything here may be changed until they are written */
  links: LinkSpec[] = []
  /** further entries, encoded */
  files: Buffer[] = []
  remaps: Buffer[] = []
  /** of the first namespace; none: the tree had none of its own */
  rows: MountRow[] = []
  /** of further ones */
  namespaces = new Map<number, readonly MountRow[]>()
  inventory: InventorySpec = {}
  version: 1 | 2 = 2
  regFilesImage = false
  tamper: (images: Map<string, Buffer>) => void = () => undefined
  /** of the dump: what is made in this folder is not older, however long the making takes */
  begun = new Date()
  /** options after -D and -r */
  options: string[] = []
  /** the tree had a mount namespace of its own: otherwise paths are those of this machine */
  protected hasRoot = true
  private readonly undo: (() => void)[] = []

  /** makes a folder beside those that are always there */
  protected folder(name: string): string {
    const path = join(this.base, name)
    fs.mkdirSync(path, { recursive: true })
    return path
  }

  /** a path in the rootfs while it is being built */
  at(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  /** the same path as the dumped tree saw it */
  inside(...parts: string[]): string {
    return join(this.hasRoot ? '/' : this.root, ...parts)
  }

  /** a file with two names, the second that of its link, on disk only; answers with the link */
  file(
    dir: string,
    name: string,
    { size = 10, mode = 0o644, names = 2 }: LinkOptions = {},
  ): string {
    fs.mkdirSync(dir, { recursive: true })
    const link = join(dir, name)
    const survivor = survivorOf(link)
    fs.writeFileSync(survivor, 'x'.repeat(size))
    fs.chmodSync(survivor, mode)
    if (names === 1) fs.renameSync(survivor, link)
    else fs.linkSync(survivor, link)
    return link
  }

  /** the entries of a remap, without anything on disk */
  remap(id: number, link: Name, options: LinkOptions = {}): void {
    const { size = 10, mode = 0o644, mntId, original = '/old', untyped } = options
    const mount = mntId ?? (this.hasRoot ? ROOT_MOUNT : undefined)
    this.links.push({
      ...{ id, link, original, size, mode: mode | 0o100000, ...options.says },
      ...(mount !== undefined && { mntId: mount }),
      ...(untyped !== undefined && { untyped }),
    })
  }

  /** a link as a dump leaves it in a directory of the rootfs, and its remap */
  link(dir: string, id: number, options: LinkOptions = {}): string {
    const name = `link_remap.${id | 0}`
    this.file(this.at(dir), name, options)
    const inside = this.inside(dir)
    this.remap(id, join(inside, name), { original: join(inside, 'old'), ...options })
    return join(this.root, dir, name)
  }

  /** mount(8), undone at the end; the last argument is the place */
  mount(...args: string[]): void {
    mount(...args)
    // its peers would have what is mounted in it later
    mount('--make-private', args.at(-1) as string)
    this.undo.push(() => {
      unmount(args.at(-1) as string)
    })
  }

  /** at the end, the latest first; before the folder is removed */
  finally(undo: () => void): void {
    this.undo.push(undo)
  }

  /** writes the images: whatever comes after this is later than the dump */
  dump(): this {
    const namespaces = new Map<number, readonly MountRow[]>(
      this.rows.length > 0 ? [[NS, this.rows]] : [],
    )
    for (const [id, rows] of this.namespaces) namespaces.set(id, rows)
    const { links, files, remaps, inventory, version, regFilesImage } = this
    const spec = { links, files, remaps, inventory, version, regFilesImage, namespaces }
    const images = dumpImages(spec)
    this.tamper(images)
    later()
    writeImages(this.images, images, this.begun)
    return this
  }

  /** what -D, -r and the options say */
  args(): string[] {
    return ['-D', this.images, ...(this.hasRoot ? ['-r', this.root] : []), ...this.options]
  }

  manifest(): Manifest {
    return manifest(this.base)
  }

  end(): void {
    for (const undo of this.undo.reverse()) undo()
    fs.rmSync(this.base, { recursive: true, force: true })
  }
}
