// /proc/PID/mountinfo as rows (proc_pid_mountinfo(5)).
import { slice, type Bytes } from '../bytes.js'

export interface HostMount {
  readonly mntId: number
  readonly parentId: number
  readonly major: number
  readonly minor: number
  readonly root: Bytes
  readonly mountpoint: Bytes
  readonly fstype: string
  readonly source: Bytes
}

/** Blank, tab, newline and backslash are written as a backslash and three octal digits. */
const unescape = (field: string): Bytes =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  ) as Bytes

/** `text` is the file as bytes. A row that is not understood is left out: it can match nothing. */
export const parseMountinfo = (text: Bytes): HostMount[] => {
  const mounts: HostMount[] = []
  for (const line of text.split('\n')) {
    // 36 35 98:0 /root /mountpoint options [optional fields] - fstype source superoptions
    const separator = line.indexOf(' - ')
    if (separator < 0) continue
    const [mntId, parentId, dev, root, mountpoint] = line.slice(0, separator).split(' ')
    const [fstype, source] = line.slice(separator + 3).split(' ')
    const [major, minor] = (dev ?? '').split(':')
    if (root === undefined || mountpoint === undefined || fstype === undefined) continue
    mounts.push({
      mntId: Number(mntId),
      parentId: Number(parentId),
      major: Number(major),
      minor: Number(minor),
      root: withoutDeleted(unescape(root)),
      mountpoint: unescape(mountpoint),
      fstype,
      source: unescape(source ?? ''),
    })
  }
  return mounts
}

/** The kernel marks the root of a bind whose directory was unlinked; such a path leads nowhere. */
const withoutDeleted = (root: Bytes): Bytes =>
  root.endsWith('//deleted') ? slice(root, 0, -'//deleted'.length) : root
