// Looks at the other mount namespaces with the real addon, and says in JSON what it saw and what that took:
// a program of its own, so that a test can run it wherever it likes. Arguments: "walk" or "scan", the
// mount point that is wanted ("*": any), a name to look for on it.
import fs from 'node:fs'
import type { Bytes } from '../../../src/bytes.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import { otherNamespaces } from '../../../src/host/namespaces.js'
import { loadAddon, type Addon } from '../../../src/sys/addon.js'
import { O_PATH } from '../../../src/sys/constants.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'

export interface Seen {
  readonly tables: readonly {
    readonly holder: string
    readonly pid: number | null
    readonly mounts: readonly HostMount[]
    readonly hasRemote: boolean
    /** 0, or -errno: the name on the mount, from the root of that namespace. */
    readonly found: number
  }[]
  readonly unseen?: string
  /** Where the thread is, before and after. */
  readonly places: readonly [before: string, after: string]
  /** Descriptors that are open more than before. */
  readonly left: number
  /** For how many it was asked whether they are wanted. */
  readonly rows: number
  /** By name, of the look itself. */
  readonly calls: Readonly<Record<string, number>>
}

const calls: Record<string, number> = {}
const addon: object = loadAddon(inRepo('dist'))
const counted = new Proxy(addon, {
  get: (_, name: string) => {
    const value: unknown = Reflect.get(addon, name)
    if (typeof value !== 'function') return value
    return (...args: unknown[]): unknown => {
      calls[name] = (calls[name] ?? 0) + 1
      return Reflect.apply(value, addon, args)
    }
  },
}) as Addon

const places = (): string =>
  [
    fs.readlinkSync('/proc/thread-self/ns/mnt'),
    fs.statSync('/').dev,
    fs.statSync('/').ino,
    fs.readlinkSync('/proc/self/cwd'),
    fs.readFileSync('/proc/thread-self/mountinfo', 'latin1').split(' ')[0],
  ].join(' ')

const descriptors = (): number => fs.readdirSync('/proc/thread-self/fd').length

const [, , way, wanted = '', name = ''] = process.argv
const sys = new Sys(counted)
const before = places()
const open = descriptors()
let rows = 0
const isWanted = ({ mountpoint }: HostMount): boolean => {
  rows++
  return wanted === '*' || mountpoint === wanted
}
const { tables, unseen } = otherNamespaces(sys, isWanted, { walk: way === 'walk' })
const counts = { ...calls }
/** Of a server that may be silent. */
const NOT_ASKED = -11
const find = (openRoot: () => number, hasRemote: boolean): number => {
  const root = openRoot()
  if (root < 0) return root
  const fd = hasRemote
    ? NOT_ASKED
    : sys.tryOpenat2(root, `${wanted.slice(1)}/${name}` as Bytes, O_PATH, 0x10)
  sys.close(root)
  if (fd >= 0) sys.close(fd)
  return Math.min(fd, 0)
}
const seen: Seen = {
  tables: tables.map(({ holder, mounts, hasRemote, openRoot }) => {
    const { text, pid } = holder()
    return { holder: text, pid: pid ?? null, mounts, hasRemote, found: find(openRoot, hasRemote) }
  }),
  ...(unseen !== undefined && { unseen }),
  places: [before, places()],
  left: descriptors() - open,
  rows,
  calls: counts,
}
process.stdout.write(JSON.stringify(seen))
