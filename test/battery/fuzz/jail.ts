// A rootfs, a volume and a host directory full of files with the names of links, in which hostile
// images are executed. Only such names in the first two may ever go.
import fs from 'node:fs'
import { join } from 'node:path'
import { diffManifest, manifest, onlyRemoved, type Manifest } from '../../rig/manifest.js'
import type { Dump } from './corpus.js'

/** Ids that mutations prefer. */
const IDS = [...Array.from({ length: 20 }, (_, id) => id), 2 ** 31 - 1, -(2 ** 31), -16, -1]

const CANARIES = [
  'precious',
  'passwd',
  'link_remap.',
  'link_remap.abc',
  'link_remap.4.bak',
  'link_remap.04',
  'link_remap.4 ',
  'xlink_remap.4',
]

const IS_LINK = /^link_remap\.-?\d+$/

export class Jail {
  readonly base: string
  readonly root: string
  readonly volume: string
  /** A file system of its own, of which only the host's mount table tells. */
  readonly shm: string
  readonly host: string
  readonly images: string
  private readonly links = new Set<string>()
  /** Path to contents of what has to stay. */
  private readonly canaries = new Map<string, string>()
  private last: Manifest = new Map()

  /** `base`: an empty directory, into which `mountTmpfs` has mounted for each of its parts. */
  constructor(base: string, dumps: readonly Dump[]) {
    this.base = base
    this.root = join(base, 'rootfs')
    this.volume = join(base, 'volume')
    this.shm = join(base, 'shm')
    this.host = join(base, 'host')
    this.images = join(base, 'images')
    const inside = new Set([
      '/',
      '/data',
      '/sub',
      '/sub/deep',
      '/deep',
      '/etc',
      '/tmp',
      '/auto',
      '/old',
    ])
    for (const { remaps, mounts } of dumps) {
      for (const { link } of remaps) inside.add(link.slice(0, link.lastIndexOf('/')))
      for (const { mountpoint } of mounts) inside.add(mountpoint)
    }
    // A dump in the corpus has a directory with the name of a link: here that is to be a link.
    const clean = [...inside].filter((dir) => /^[ -~]*$/.test(dir) && !dir.includes('link_remap'))
    for (const dir of clean) this.fill(join(this.root, dir))
    for (const dir of ['/', '/app', '/sub', '/sub/deep', '/deep']) {
      this.fill(join(this.volume, dir))
      this.fill(join(this.shm, dir))
    }
    for (const dir of ['/', '/app', '/data', '/etc', '/sub']) this.fill(join(this.host, dir), false)
    fs.mkdirSync(this.images)
    this.tempt()
    this.mend()
  }

  private fill(dir: string, mayGo = true): void {
    fs.mkdirSync(dir, { recursive: true })
    for (const name of CANARIES) this.canaries.set(join(dir, name), `canary ${name}\n`)
    this.canaries.set(join(dir, 'survivor'), 'ten bytes.')
    for (const id of IDS) {
      const path = join(dir, `link_remap.${id}`)
      if (mayGo) this.links.add(path)
      else this.canaries.set(path, 'victim')
    }
  }

  /** Ways out, for whoever follows them. */
  private tempt(): void {
    fs.symlinkSync(this.host, join(this.root, 'evil'))
    fs.symlinkSync('../host', join(this.root, 'up'))
    fs.symlinkSync('loop', join(this.root, 'loop'))
    fs.symlinkSync(this.host, join(this.volume, 'evil'))
    for (const dir of ['app', 'data'])
      fs.symlinkSync(`../../host/link_remap.4`, join(this.root, dir, 'link_remap.21'))
    for (const dir of ['app', 'data']) fs.mkdirSync(join(this.root, dir, 'link_remap.22'))
    fs.writeFileSync(join(this.root, 'app', 'link_remap.22', 'precious'), '')
  }

  /** Everything as it was: half of the links have another name. */
  mend(): void {
    for (const [path, contents] of this.canaries)
      if (!fs.existsSync(path)) fs.writeFileSync(path, contents)
    for (const path of this.links) {
      if (fs.existsSync(path)) continue
      const survivor = join(path, '..', 'survivor')
      if (/[02468]$/.test(path)) fs.linkSync(survivor, path)
      else fs.writeFileSync(path, 'ten bytes.')
    }
    this.last = this.look()
  }

  private look(): Manifest {
    return manifest(this.root, this.volume, this.shm, this.host)
  }

  /** What went since the last mending, and what of it may not have. */
  inspect(): { readonly removed: number; readonly violations: readonly string[] } {
    const now = this.look()
    const { removed } = diffManifest(this.last, now)
    const violations = onlyRemoved(this.last, now, removed)
    for (const path of removed)
      if (!this.mayGo(path)) violations.push(`${path} is gone, which is no link`)
    return { removed: removed.length, violations }
  }

  private mayGo(path: string): boolean {
    const type = this.last.get(path)?.type
    const base = path.slice(path.lastIndexOf('/') + 1)
    const trees = [this.root, this.volume, this.shm]
    return type !== 'dir' && IS_LINK.test(base) && trees.some((tree) => path.startsWith(`${tree}/`))
  }
}
