// Archives of 1 GiB as podman writes them: half of it memory pages, half what the container's files were. They are read
// to the end of the images and no further.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { readCheckpoint } from '../src/checkpoint/checkpoint.js'
import { countingReads } from '../test/rig/bytes-read.js'
import { Dump } from './dump.js'
import { type Bench, interleave, medianMs, ms, paired, type Row, times } from './measure.js'

const ROUNDS = 5
const MIB = 1024 * 1024
const HALF = 512
const FIRST = ['config.dump', 'spec.dump', 'stats-dump', 'checkpoint']

const SORTS: Readonly<Record<string, readonly string[]>> = {
  tar: [],
  'tar.gz': ['-I', 'gzip -1'],
  'tar.zst': ['-I', 'zstd -3'],
}

const must = (command: string, args: readonly string[]): void => {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`${command}: exit ${done.status}\n${done.stderr}`)
}

/** Half of it can be compressed, as of much that is in memory. */
const fill = (file: string): void => {
  const fd = fs.openSync(file, 'w')
  for (let at = 0; at < HALF; at++) fs.writeSync(fd, randomBytes(MIB / 2).toString('hex'))
  fs.closeSync(fd)
}

const rowsOf = (bench: Bench, sort: string, above: string, root: string): Row[] => {
  const file = path.join(bench.folder, `it.${sort}`)
  const toHere = path.join(bench.folder, `to-here.${sort}`)
  const pack = (to: string, ...names: string[]): void => {
    must('tar', [...(SORTS[sort] ?? []), '-cf', to, '-C', above, ...names])
  }
  pack(file, ...FIRST, 'rootfs-diff.tar')
  pack(toHere, ...FIRST)
  const options = ['-r', root, '--json']
  const runs = interleave(ROUNDS, {
    archive: () => bench.clean('-D', file, ...options),
    directory: () => bench.clean('-D', path.join(above, 'checkpoint'), ...options),
    tar: () => bench.time('/usr/bin/env', 'tar', '-tf', toHere),
  })
  const { bytes } = countingReads(() => readCheckpoint(file))
  const [needed, all] = [fs.statSync(toHere).size, fs.statSync(file).size]
  fs.rmSync(file)
  fs.rmSync(toHere)
  const ratio = (beyond: (of: (side: string) => { wallMs: number }) => number): string =>
    paired(runs, (of) => beyond(of) / of('tar').wallMs).toFixed(2)
  const mib = (count: number): string => `${(count / MIB).toFixed(1)} MiB`
  return [
    {
      what: `an archive of 1 GiB, ${sort}: bytes read, to those up to the last image`,
      goal: '<= 1.01',
      measured: (bytes / needed).toFixed(4),
      from: `${mib(bytes)} to ${mib(needed)}, of ${mib(all)}`,
    },
    {
      what: '  its time beyond a directory, to tar -t up to there',
      goal: sort === 'tar' ? '' : '<= 1.2',
      measured: ratio((of) => of('archive').wallMs - of('directory').wallMs),
      from: `${times(runs.archive)} less ${ms(medianMs(runs.directory))} to ${times(runs.tar)}`,
    },
  ]
}

export const archive = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'archive'), { links: 0 })
  const above = path.join(bench.folder, 'above')
  fs.mkdirSync(above)
  fs.renameSync(dump.images, path.join(above, 'checkpoint'))
  for (const name of FIRST.slice(0, 3)) fs.writeFileSync(path.join(above, name), '')
  fill(path.join(above, 'checkpoint', 'pages-1.img'))
  fill(path.join(above, 'rootfs-diff.tar'))
  return Object.keys(SORTS).flatMap((sort) => rowsOf(bench, sort, above, dump.root))
}
