// Image directories for the tests of this folder.
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import { dumpImages, writeImages, type DumpSpec } from '../../encode/images.js'
import type { MountRow } from '../../encode/messages.js'
import type { Test } from '../support/check.js'

export type Images = Map<string, Buffer>
export type Change = (images: Images) => void

/** The images of `spec`, changed, in a folder of the test. */
export const dumpIn = (t: Test, spec: DumpSpec, change?: Change): string => {
  const images = dumpImages(spec)
  change?.(images)
  const dir = t.testdir({})
  writeImages(dir, images)
  return dir
}

export const read = (t: Test, spec: DumpSpec, change?: Change): Checkpoint =>
  readCheckpoint(dumpIn(t, spec, change))

/** The folder as the readers of single images take it. */
export const openIn = (t: Test, images: Images): ImageDirectory => {
  const dir = t.testdir({})
  writeImages(dir, images)
  const opened = new ImageDirectory(dir)
  t.teardown(() => opened.close())
  return opened
}

export const ROOT_ROW: MountRow = { mntId: 43, parent: 42, mountpoint: '/', source: '/dev/vda' }

/** A disk root with a tmpfs on /tmp and a volume on /data, rows children first as CRIU writes them. */
export const ROWS: readonly MountRow[] = [
  {
    mntId: 45,
    parent: 43,
    mountpoint: '/data',
    root: '/volumes/data',
    major: 254,
    minor: 16,
    source: '/dev/vdb',
    extKey: '/data',
  },
  {
    mntId: 44,
    parent: 43,
    mountpoint: '/tmp',
    fstype: 5,
    major: 0,
    minor: 52,
    source: 'tmpfs',
    options: 'size=64k',
  },
  ROOT_ROW,
]
