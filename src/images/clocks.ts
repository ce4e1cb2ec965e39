// What a dump says of time: the clocks of the kernel (timens-NSID.img) and how long it took
// (stats-dump), by field number.
import type { Time } from '../time.js'
import { entry, required, type Fields } from './message.js'

/** timens-NSID.img, since 3.14: the clocks when the tree was dumped. */
export interface TimensEntry {
  /** CLOCK_MONOTONIC, which stands still in suspend. */
  readonly monotonic: Time
  /** CLOCK_BOOTTIME, which does not. */
  readonly boottime: Time
}

const timespec = (fields: Fields): Time => {
  let sec: number | undefined
  let nsec: number | undefined
  while (fields.next())
    if (fields.number === 1) sec = fields.uint64()
    else if (fields.number === 2) nsec = fields.uint64()
    else fields.skip()
  return { sec: required(sec, 'tv_sec'), nsec: required(nsec, 'tv_nsec') }
}

const timens = (fields: Fields): TimensEntry => {
  let monotonic: Time | undefined
  let boottime: Time | undefined
  while (fields.next())
    if (fields.number === 1) monotonic = fields.message(timespec)
    else if (fields.number === 2) boottime = fields.message(timespec)
    else fields.skip()
  return {
    monotonic: required(monotonic, 'monotonic'),
    boottime: required(boottime, 'boottime'),
  }
}

/** What stats-dump says of the time that a dump took: one part after the other, in microseconds. */
export interface DumpStatsEntry {
  /** To stop all tasks. */
  readonly freezing_time: number
  /** From then until they were killed or went on, a post-dump script included. */
  readonly frozen_time: number
}

const dumpStats = (fields: Fields): DumpStatsEntry => {
  let freezing: number | undefined
  let frozen: number | undefined
  while (fields.next())
    if (fields.number === 1) freezing = fields.uint32()
    else if (fields.number === 2) frozen = fields.uint32()
    else fields.skip()
  return {
    freezing_time: required(freezing, 'freezing_time'),
    frozen_time: required(frozen, 'frozen_time'),
  }
}

/** One message for dump and restore, of which one part is there. */
export interface StatsEntry {
  readonly dump: DumpStatsEntry | undefined
}

const stats = (fields: Fields): StatsEntry => {
  let dump: DumpStatsEntry | undefined
  while (fields.next())
    if (fields.number === 1) dump = fields.message(dumpStats)
    else fields.skip()
  return { dump }
}

export const decodeTimens = entry(timens)
export const decodeStats = entry(stats)
