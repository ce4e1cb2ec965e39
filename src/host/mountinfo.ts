// /proc/PID/mountinfo as rows (proc_pid_mountinfo(5)).
import fs from 'node:fs'
import { fromBuffer, slice, unescapeOctal, type Bytes } from '../bytes.js'
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

/** Undefined for a row that is not understood: it can match nothing. */
const parseRow = (line: Bytes): HostMount | undefined => {
  // 36 35 98:0 /root /mountpoint options [optional fields] - fstype source superoptions
  const separator = line.indexOf(' - ')
  if (separator < 0) return undefined
  // By index: to take an array apart by a pattern takes longer than to make it, and a host has many rows.
  const fields = line.slice(0, separator).split(' ')
  const more = line.slice(separator + 3).split(' ')
  const dev = fields[2] ?? ''
  const colon = dev.indexOf(':')
  const root = fields[3]
  const mountpoint = fields[4]
  const fstype = more[0]
  if (root === undefined || mountpoint === undefined || fstype === undefined || colon < 0)
    return undefined
  return {
    mntId: Number(fields[0]),
    parentId: Number(fields[1]),
    major: Number(dev.slice(0, colon)),
    minor: Number(dev.slice(colon + 1)),
    root: withoutDeleted(unescapeOctal(root)),
    mountpoint: unescapeOctal(mountpoint),
    fstype,
    source: unescapeOctal(more[1] ?? ''),
    upper: fstype === 'overlay' ? upperOf(more[2] ?? '') : undefined,
  }
}

/** `text` is the file as bytes. */
export const parseMountinfo = (text: Bytes): HostMount[] =>
  text
    .split('\n')
    .map((line) => parseRow(line as Bytes))
    .filter((row) => row !== undefined)

/** The kernel gives little more than a page at once. */
const CHUNK = 1 << 14
let chunk: Buffer | undefined

/** From the begin of the file; no more than a part of it is held at once, as it may be of any length. */
export const eachMount = (fd: number, visit: (row: HostMount) => void): void => {
  chunk ??= Buffer.allocUnsafe(CHUNK)
  let rest = ''
  for (
    let at = 0, length;
    (length = fs.readSync(fd, chunk, 0, chunk.length, at)) > 0;
    at += length
  ) {
    const lines = (rest + fromBuffer(chunk, 0, length)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const row = parseRow(line as Bytes)
      if (row !== undefined) visit(row)
    }
  }
}

/** All rows of the file. */
export const mountsIn = (fd: number): HostMount[] => {
  const mounts: HostMount[] = []
  eachMount(fd, (row) => mounts.push(row))
  return mounts
}

/** The kernel marks the root of a bind whose directory was unlinked; such a path leads nowhere. */
export const withoutDeleted = (root: Bytes): Bytes =>
  root.endsWith('//deleted') ? slice(root, 0, -'//deleted'.length) : root
