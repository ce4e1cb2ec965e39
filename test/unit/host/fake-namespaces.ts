// Mount namespaces without a kernel: those of its row, their mounts, and where the calling thread is. A table
// as seen from inside is a file, because that is what is read there.
import fs from 'node:fs'
import { join } from 'node:path'
import { Sys } from '../../../src/sys/sys.js'
import type { Test } from '../support/check.js'
import { FakeAddon, type Argument } from '../sys/fake-addon.js'

const [ENOENT, EPERM] = [-2, -1]
const LSMT_ROOT = -1
const [GET_INFO, GET_NEXT] = [10, 11]
const ROOT_INODE = 2
export const OWN = '/proc/thread-self/ns/mnt'
export const FIRST_USER = 0xeffffffd
export const FIRST_PID = 0xeffffffc

export interface FakeRow {
  readonly id: number
  /** The root of a namespace is its own. */
  readonly parent: number
  readonly mountpoint: string
  readonly fstype?: string
  readonly root?: string
  /** Undefined: the kernel does not say it. */
  readonly source?: string | undefined
  readonly device?: readonly [major: number, minor: number]
  /** Not below the first mount: listed only from the root. */
  readonly beside?: boolean
}

export interface FakeNamespace {
  readonly id: number
  readonly rows?: readonly FakeRow[]
  /** As the kernel counts, where that is another number. */
  readonly count?: number
  /** What a look from inside shows; undefined: it cannot be entered. */
  readonly inside?: string
}

const OURS: readonly FakeRow[] = [
  { id: 1, parent: 1, mountpoint: '' },
  { id: 2, parent: 1, mountpoint: '/', fstype: 'ext4' },
]

export const inodeOf = (id: number): number => 0xf0000000 + id
export const nameOf = (id: number): string => `mnt:[${inodeOf(id)}]`

/** A struct statmount and its strings. */
export const encodeRow = (row: FakeRow): Buffer => {
  const fields = Buffer.alloc(512)
  const texts: Buffer[] = []
  const text = (bit: number, at: number, value: string | undefined): number => {
    if (value === undefined || value === '') return 0
    fields.writeUInt32LE(Buffer.concat(texts).length, at)
    texts.push(Buffer.from(`${value}\0`, 'latin1'))
    return bit
  }
  const { id, parent, device: [major, minor] = [0, 50] } = row
  const mask =
    0x03 |
    text(0x20, 36, row.fstype ?? 'tmpfs') |
    text(0x08, 104, row.root ?? '/') |
    text(0x10, 108, row.mountpoint) |
    text(0x200, 124, 'source' in row ? row.source : 'kept')
  for (const [at, value] of [
    [8, mask],
    [16, major],
    [20, minor],
    [56, id % 1000],
    [60, parent % 1000],
  ] as const)
    // prettier-ignore
    fields.writeUInt32LE(value, at)
  fields.writeBigUInt64LE(BigInt(id), 40)
  fields.writeBigUInt64LE(BigInt(parent), 48)
  return Buffer.concat([fields, ...texts])
}

/** The same with its size, padded to where the next one begins. */
export const encodeRecord = (row: FakeRow): Buffer => {
  const record = encodeRow(row)
  record.writeUInt32LE(record.length)
  return Buffer.concat([record, Buffer.alloc(-record.length & 7)])
}

const encodeInfo = ({
  id,
  rows = [],
  count = rows.filter((one) => one.id !== one.parent).length,
}: FakeNamespace): Buffer => {
  const info = Buffer.alloc(16)
  info.writeUInt32LE(16)
  info.writeUInt32LE(count, 4)
  info.writeBigUInt64LE(BigInt(id), 8)
  return info
}

export class FakeNamespaces {
  readonly addon = new FakeAddon()
  readonly sys = new Sys(this.addon)
  readonly own: number
  /** Which namespace an fd holds, or is in. */
  readonly held = new Map<number, number>()
  /** Inode numbers of the namespaces of other kinds. */
  user = FIRST_USER
  pid = FIRST_PID
  /** Inode number of the working directory: by default the root. */
  home = ROOT_INODE
  /** In a chroot the root is another than that of the namespace. */
  isChrooted = false
  private readonly row: readonly FakeNamespace[]
  private readonly folder: string
  private at: number
  private readonly extra = new Map<string, (fd: number) => number>()

  /** In the order of the kernel's row; the thread is in the one with number `own`. */
  constructor(t: Test, row: readonly FakeNamespace[], own = 50) {
    this.row = row.some(({ id }) => id === own)
      ? row
      : [...row, { id: own, rows: OURS }].sort((a, b) => a.id - b.id)
    this.own = this.at = own
    this.folder = t.testdir()
    const { addon } = this
    addon.on('openat', (dirfd, path) => this.open(dirfd as number, String(path)))
    addon.on('close', (fd) => {
      if (this.held.get(fd as number) === -1) fs.closeSync(fd as number)
      return 0
    })
    addon.on('ioctl_nsfs', (fd, request) => this.ioctl(fd as number, request as number))
    addon.on('statx', (fd, path) => this.stat(fd as number, String(path)))
    addon.on('listmount', (id, last, namespace) =>
      this.list(id as number, last as number, this.find(namespace)),
    )
    addon.on('statmount', (id, namespace) => {
      const row = this.find(namespace)?.rows?.find((one) => one.id === id)
      if (row === undefined) return ENOENT
      addon.memory = encodeRow(row)
      return 0
    })
    addon.on('statmounts', (length, namespace) => {
      // The ids themselves are not among the arguments: those that listmount gives.
      const rows = this.find(namespace)?.rows?.filter(({ id, parent }) => id !== parent) ?? []
      addon.memory = Buffer.concat([...rows.map(encodeRecord), Buffer.alloc(4)])
      return Number(length) / 8
    })
    addon.on('setns', (fd) => {
      const to = this.held.get(fd as number)
      if (to !== this.own && this.find(to)?.inside === undefined) return EPERM
      this.at = to ?? -1
      this.isReset ||= this.isChrooted
      return 0
    })
    addon.on('chroot', () => {
      this.isReset = false
      return 0
    })
  }

  /** A setns(2) has taken us out of the chroot. */
  private isReset = false

  /** Where the thread is: namespace and whether it is at the root that it had. */
  get place(): readonly [number, boolean] {
    return [this.at, !this.isReset]
  }

  /** A path that leads to a namespace. */
  link(path: string, id: number): this {
    this.extra.set(path, () => id)
    return this
  }

  private find(id: Argument | undefined): FakeNamespace | undefined {
    return this.row.find((one) => one.id === id)
  }

  /** An fd of it. */
  hold(id: number): number {
    const fd = this.addon.given()
    this.held.set(fd, id)
    return fd
  }

  private open(dirfd: number, path: string): number {
    const link = this.extra.get(path)
    if (link !== undefined) return this.hold(link(dirfd))
    const again = /^\/proc\/thread-self\/fd\/(\d+)$/.exec(path)
    if (again !== null) return this.hold(this.held.get(Number(again[1])) ?? 0)
    if (path === OWN) return this.hold(this.own)
    if (path === 'thread-self/mountinfo') {
      const file = join(this.folder, String(this.at))
      fs.writeFileSync(file, this.find(this.at)?.inside ?? '', 'latin1')
      const fd = fs.openSync(file, 'r')
      this.held.set(fd, -1)
      return fd
    }
    const fd = this.hold(0)
    this.roots.set(fd, path === '/proc/thread-self/cwd' ? this.home : this.isReset ? 7 : ROOT_INODE)
    return fd
  }

  private readonly roots = new Map<number, number>()

  private stat(fd: number, path: string): number {
    if (path === '/proc/thread-self/ns/user') return this.addon.answerStat({ inoLow: this.user })
    if (path === '/proc/thread-self/ns/pid') return this.addon.answerStat({ inoLow: this.pid })
    if (path !== '') return ENOENT
    const id = this.held.get(fd)
    if (id === undefined || id === 0)
      return this.addon.answerStat({ inoLow: this.roots.get(fd) ?? 3, minor: 9, mntId: 2_000 })
    return this.addon.answerStat({ inoLow: inodeOf(id), minor: 4 })
  }

  private ioctl(fd: number, request: number): number {
    const index = this.row.findIndex(({ id }) => id === this.held.get(fd))
    if (request === GET_INFO) {
      this.addon.memory = encodeInfo(this.row[index] ?? { id: 0 })
      return 0
    }
    const next = this.row[request === GET_NEXT ? index + 1 : index - 1]
    if (next === undefined) return ENOENT
    this.addon.memory = encodeInfo(next)
    return this.hold(next.id)
  }

  private list(id: number, last: number, namespace: FakeNamespace | undefined): number {
    const rows = (namespace?.rows ?? []).filter((one) => one.id !== one.parent)
    if (rows.length === 0) return ENOENT
    const listed = rows.filter((one) => one.id > last && (id !== LSMT_ROOT || one.beside !== true))
    const page = listed.slice(0, 512)
    this.addon.memory = Buffer.alloc(8 * page.length)
    page.forEach((one, index) => this.addon.memory.writeBigUInt64LE(BigInt(one.id), 8 * index))
    return page.length
  }
}
