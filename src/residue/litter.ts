// What a killed CRIU leaves on the host itself, as long as none runs: its unfinished cache, and empty directories.
import fs from 'node:fs'
import { fromText, type Bytes } from '../bytes.js'
import type { Host } from '../host/host.js'
import type { HostMount } from '../host/mountinfo.js'
import { otherNamespaces } from '../host/namespaces.js'
import { isCriu, processIds } from '../host/processes.js'
import { splitLast } from '../paths.js'
import type { Sys } from '../sys/sys.js'
import { Unread } from '../network/unread.js'

const KERNDAT = '/run/criu.kdat.tmp'
/** What mkdtemp(3) made for a restore, or for a try of what the kernel can. */
const YARD =
  /^(?:\.criu\.(?:mntns|cgyard|cgmounts|move_mount_set_group)|cr-tmpfs|crtools-(?:proc|put-root|sys))\.[A-Za-z\d]{6}$/

export const isYard = (name: string): boolean => YARD.test(name)

export interface Litter {
  readonly kerndat: string | undefined
  readonly yards: readonly string[]
}

export const isCriuThere = (): boolean => processIds().some(isCriu)

/** Whether it still has the shape that it was found with. */
export const isLitter = (kind: 'unlink' | 'rmdir', place: string): boolean =>
  (kind === 'unlink' ? isEmptyFile : isEmptyFolder)(place, new Unread())

/** `folders` are those in which CRIU works beside /tmp. */
export const findLitter = (
  sys: Sys,
  host: Host,
  folders: readonly string[],
  unread: Unread,
  isAtWork = isCriuThere,
): Litter => {
  const kerndat = isEmptyFile(KERNDAT, unread) ? KERNDAT : undefined
  const named = [...new Set(['/tmp', ...folders])].flatMap((folder) =>
    yardsIn(host, folder, unread),
  )
  if (kerndat === undefined && named.length === 0) return { kerndat, yards: [] }
  // It may be about to fill them.
  if (isAtWork()) return { kerndat: undefined, yards: [] }
  return { kerndat, yards: unused(sys, host, named, unread) }
}

const isEmptyFile = (place: string, unread: Unread): boolean => {
  const stat = unread.try(place, () => fs.lstatSync(place))
  return stat?.isFile() === true && stat.size === 0 && stat.uid === 0
}

const yardsIn = (host: Host, folder: string, unread: Unread): string[] => {
  if (unread.number(folder, host.ask(fromText(folder))) === undefined) return []
  const names = unread.try(folder, () => fs.readdirSync(folder)) ?? []
  return names.filter(isYard).map((name) => (folder === '/' ? `/${name}` : `${folder}/${name}`))
}

/**
 * Whoever removes a directory takes away what is mounted on it in other mount namespaces, such as that of a restore
 * that goes on. A mount's place has other paths there, but always this name.
 */
const unused = (
  sys: Sys,
  host: Host,
  places: readonly string[],
  unread: Unread,
): readonly string[] => {
  if (places.length === 0) return []
  const names = new Set(places.map(baseOf))
  const isOnOne = ({ mountpoint }: HostMount): boolean => names.has(splitLast(mountpoint).base)
  const { tables, unseen } = otherNamespaces(sys, isOnOne)
  const mounted = new Set(
    [host.mounts, ...tables.map(({ mounts }) => mounts)].flatMap((mounts) =>
      mounts.filter(isOnOne).map(({ mountpoint }) => splitLast(mountpoint).base),
    ),
  )
  if (unseen !== undefined) unread.add('who uses the directories of restores', unseen)
  // Of what is mounted nothing is asked: its server need not answer.
  return unseen === undefined
    ? places.filter((place) => !mounted.has(baseOf(place)) && isEmptyFolder(place, unread))
    : []
}

const baseOf = (place: string): Bytes => splitLast(fromText(place)).base

const isEmptyFolder = (place: string, unread: Unread): boolean =>
  unread.try(place, () => {
    const stat = fs.lstatSync(place)
    return stat.isDirectory() && stat.uid === 0 && fs.readdirSync(place).length === 0
  }) ?? false
