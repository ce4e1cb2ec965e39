// A namespace of 1,000 mounts of which one remap needs one: the others must cost next to nothing.
import fs from 'node:fs'
import path from 'node:path'
import type { MountRow } from '../test/encode/messages.js'
import { Dump } from './dump.js'
import { type Bench, interleave, ms, paired, type Row, times } from './measure.js'

const ROUNDS = 21
const FSTYPE_TMPFS = 5

/** Half of them binds of the rootfs, half tmpfs: what a container with many volumes has. */
const mounts = (count: number): MountRow[] =>
  Array.from({ length: count - 1 }, (_, index) => {
    const common = { mntId: 101 + index, parent: 100, mountpoint: `/mnt/${index}` }
    return index % 2 === 0
      ? { ...common, root: '/data' }
      : { ...common, fstype: FSTYPE_TMPFS, major: 0, minor: 1000 + index, source: 'tmpfs' }
  })

export const manyMounts = (bench: Bench): Row[] => {
  const make = (count: number): Dump => {
    const folder = path.join(bench.folder, `mounts-${count}`)
    const dump = new Dump(folder, { links: 1, mounts: mounts(count) })
    for (let i = 0; i < count - 1; i++)
      fs.mkdirSync(path.join(dump.root, 'mnt', String(i)), { recursive: true })
    return dump
  }
  const few = make(10)
  const many = make(1000)
  const clean =
    (dump: Dump, ...more: string[]) =>
    () =>
      dump.timed(() => bench.clean(...dump.arguments, ...more))
  const runs = interleave(ROUNDS, {
    few: clean(few),
    many: clean(many),
    fewAll: clean(few, '--mounts', 'all'),
    manyAll: clean(many, '--mounts', 'all'),
  })
  const row = (
    few: 'few' | 'fewAll',
    many: 'many' | 'manyAll',
  ): Pick<Row, 'measured' | 'from'> => ({
    measured: ms(paired(runs, (of) => of(many).wallMs - of(few).wallMs)),
    from: `${times(runs[many])} to ${times(runs[few])}`,
  })
  return [
    { what: '1,000 mounts, one remap: beyond 10 mounts', goal: '<= 10 ms', ...row('few', 'many') },
    { what: 'the same with --mounts all', goal: '', ...row('fewAll', 'manyAll') },
  ]
}
