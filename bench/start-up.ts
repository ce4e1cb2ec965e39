// One link in a container with a rootfs of its own: what a run costs before there is any work.
import fs from 'node:fs'
import path from 'node:path'
import { Dump } from './dump.js'
import { type Bench, interleave, paired, type Row, times } from './measure.js'

const ROUNDS = 41

export const startUp = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'start-up'), { links: 1 })
  const empty = path.join(bench.folder, 'empty.cjs')
  fs.writeFileSync(empty, '')
  const runs = interleave(ROUNDS, {
    gc: () => dump.timed(() => bench.clean(...dump.arguments)),
    empty: () => bench.node(empty),
    calls: () =>
      dump.timed(() => bench.time(bench.program('namespace'), dump.root, '/data/link_remap.1')),
  })
  const from = (side: 'empty' | 'calls'): string => `${times(runs.gc)} to ${times(runs[side])}`
  const ratio = (side: string): number => paired(runs, (of) => of('gc').wallMs / of(side).wallMs)
  return [
    {
      what: 'one remap, to node with an empty script',
      goal: '<= 1.35',
      measured: ratio('empty').toFixed(2),
      from: from('empty'),
    },
    {
      what: 'one remap, to a C program of the same system calls',
      goal: '',
      measured: ratio('calls').toFixed(1),
      from: from('calls'),
    },
  ]
}
