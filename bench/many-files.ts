// A files.img of a million entries for ten remaps: the others are skipped, and kept nowhere.
import fs from 'node:fs'
import path from 'node:path'
import { file } from '../test/encode/messages.js'
import { Dump } from './dump.js'
import { type Bench, interleave, median, paired, type Row, times } from './measure.js'

const ROUNDS = 9
const LINKS = 10
const ENTRIES = 1_000_000
const BLOCK = 10_000

const framed = (entry: Buffer): Buffer[] => {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(entry.length)
  return [size, entry]
}

/** The same ids again and again, which nobody asks for: the reader sees nothing but the id. */
const entries = (count: number): Buffer => {
  const block = Array.from({ length: BLOCK }, (_, index) =>
    framed(file({ id: 100_000 + index, name: `/f${index}`, mntId: 100, size: 0, mode: 0o100644 })),
  )
  const whole = Buffer.concat(block.flat())
  const rest = Buffer.concat(block.slice(0, count % BLOCK).flat())
  return Buffer.concat([...Array<Buffer>(Math.floor(count / BLOCK)).fill(whole), rest])
}

export const manyFiles = (bench: Bench): Row[] => {
  const few = new Dump(path.join(bench.folder, 'few-files'), { links: LINKS })
  const moreFiles = entries(ENTRIES - 2 * LINKS)
  const many = new Dump(path.join(bench.folder, 'many-files'), { links: LINKS, moreFiles })
  const empty = path.join(bench.folder, 'nothing.cjs')
  fs.writeFileSync(empty, '')
  const clean = (dump: Dump) => () => dump.timed(() => bench.clean(...dump.arguments))
  const runs = interleave(ROUNDS, {
    few: clean(few),
    many: clean(many),
    empty: () => bench.node(empty),
  })
  const megabytes = fs.statSync(path.join(many.images, 'files.img')).size / 1e6
  const scan = paired(runs, (of) => of('many').wallMs - of('few').wallMs)
  const peak = (side: 'many' | 'empty'): number => median(runs[side].map(({ peakMiB }) => peakMiB))
  return [
    {
      what: '1,000,000 files, 10 remaps: the scan of files.img',
      goal: '',
      measured: `${(megabytes / (scan / 1000)).toFixed(0)} MB/s`,
      from: `${megabytes.toFixed(0)} MB, ${times(runs.many)} to ${times(runs.few)}`,
    },
    {
      what: 'its peak memory, beyond node with an empty script',
      goal: '<= 128 MiB',
      measured: `${paired(runs, (of) => of('many').peakMiB - of('empty').peakMiB).toFixed(0)} MiB`,
      from: `${peak('many').toFixed(0)} MiB to ${peak('empty').toFixed(0)} MiB`,
    },
  ]
}
