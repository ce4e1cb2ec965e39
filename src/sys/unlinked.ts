// Records of `unlinked_files` and `held_files` (native/task-files.h): what of a task's files has lost its name, or has one
// of the inodes in question; and what else is asked of its descriptors.
import { fromBuffer, type Bytes } from '../bytes.js'

const KINDS = [
  '',
  'descriptor',
  'mapping',
  'executable',
  'queue',
  'unread',
  'socket',
  'parasite',
] as const

export interface UnlinkedRecord {
  readonly kind: (typeof KINDS)[number]
  /** Descriptor, begin of the mapping, or the errno of what could not be read. */
  readonly from: number
  /** Of a queue the files that wait in it. */
  readonly to: number
  readonly inoHigh: number
  readonly inoLow: number
  /** As mount tables have it. */
  readonly mntId: number
  readonly major: number
  readonly minor: number
  readonly nlink: number
  readonly mode: number
  /** As the kernel shows it; of what could not be read its name below the task's folder. */
  readonly path: Bytes
}

/** The device of a file that was not asked for it. */
export const UNKNOWN_DEVICE = 2 ** 32 - 1

const HEADER = 56
const TWO_32 = 2 ** 32

export const unlinkedRecords = (records: Buffer): UnlinkedRecord[] => {
  const found: UnlinkedRecord[] = []
  for (let at = 0; at + HEADER <= records.length;) {
    const word = (offset: number): number => records.readUInt32LE(at + offset)
    const wide = (offset: number): number => word(offset + 4) * TWO_32 + word(offset)
    const length = word(0)
    found.push({
      kind: KINDS[word(4)] ?? '',
      from: wide(8),
      to: wide(16),
      inoHigh: word(28),
      inoLow: word(24),
      mntId: wide(32),
      major: word(40),
      minor: word(44),
      nlink: word(48),
      mode: word(52),
      path: fromBuffer(records, at + HEADER, at + length),
    })
    at += Math.ceil(length / 8) * 8
  }
  return found
}
