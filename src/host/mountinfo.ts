// /proc/PID/mountinfo as rows (proc_pid_mountinfo(5)).
import { slice, unescapeOctal, type Bytes } from '../bytes.js'
import { upperOf } from '../overlay.js'

export interface HostMount {
  readonly mntId: number
  readonly parentId: number
  readonly major: number
  readonly minor: number
  readonly root: Bytes
  readonly mountpoint: Bytes
  readonly fstype: string
  readonly source: Bytes
  /** The upper directory of an overlay. */
  readonly upper: Bytes | undefined
}

/** `text` is the file as bytes. A row that is not understood is left out: it can match nothing. */
export const parseMountinfo = (text: Bytes): HostMount[] => {
  const mounts: HostMount[] = []
  for (const line of text.split('\n')) {
    // 36 35 98:0 /root /mountpoint options [optional fields] - fstype source superoptions
    const separator = line.indexOf(' - ')
    if (separator < 0) continue
    const [mntId, parentId, dev, root, mountpoint] = line.slice(0, separator).split(' ')
    const [fstype, source, options = ''] = line.slice(separator + 3).split(' ')
    const [major, minor] = (dev ?? '').split(':')
    if (root === undefined || mountpoint === undefined || fstype === undefined) continue
    mounts.push({
      mntId: Number(mntId),
      parentId: Number(parentId),
      major: Number(major),
      minor: Number(minor),
      root: withoutDeleted(unescapeOctal(root)),
      mountpoint: unescapeOctal(mountpoint),
      fstype,
      source: unescapeOctal(source ?? ''),
      upper: fstype === 'overlay' ? upperOf(options) : undefined,
    })
  }
  return mounts
}

/** The kernel marks the root of a bind whose directory was unlinked; such a path leads nowhere. */
const withoutDeleted = (root: Bytes): Bytes =>
  root.endsWith('//deleted') ? slice(root, 0, -'//deleted'.length) : root
