// 10,000 links in one directory: what one more remap costs, beyond what a run costs anyway.
import path from 'node:path'
import { Dump } from './dump.js'
import { type Bench, interleave, paired, type Row, times } from './measure.js'

const ROUNDS = 9
const LINKS = 10_000

export const manyRemaps = (bench: Bench): Row[] => {
  const many = new Dump(path.join(bench.folder, 'many-remaps'), { links: LINKS })
  const one = new Dump(path.join(bench.folder, 'one-remap'), { links: 1 })
  const clean = (dump: Dump) => () => dump.timed(() => bench.clean(...dump.arguments))
  const loop = (dump: Dump, links: number) => () =>
    dump.timed(() => bench.time(bench.program('unlink'), dump.data, String(links)))
  const runs = interleave(ROUNDS, {
    gc: clean(many),
    gcOne: clean(one),
    loop: loop(many, LINKS),
    loopOne: loop(one, 1),
  })
  const each = (whole: string, start: string): number =>
    (1000 * paired(runs, (of) => of(whole).wallMs - of(start).wallMs)) / (LINKS - 1)
  const ratio = paired(
    runs,
    (of) => (of('gc').wallMs - of('gcOne').wallMs) / (of('loop').wallMs - of('loopOne').wallMs),
  )
  return [
    {
      what: '10,000 remaps: each, to a C loop of unlinkat',
      goal: '<= 3',
      measured: ratio.toFixed(2),
      from: `${each('gc', 'gcOne').toFixed(1)} us to ${each('loop', 'loopOne').toFixed(1)} us`,
    },
    {
      what: '10,000 remaps: the whole run',
      goal: '',
      measured: times(runs.gc),
      from: `the C loop ${times(runs.loop)}`,
    },
  ]
}
