// A tree of 1,000 tasks, each with images of its own, of which one link is all that matters.
import path from 'node:path'
import { Dump } from './dump.js'
import { type Bench, interleave, ms, paired, type Row, times } from './measure.js'

const ROUNDS = 15
const TASKS = 1000

export const manyTasks = (bench: Bench): Row[] => {
  const many = new Dump(path.join(bench.folder, 'many-tasks'), { links: 1, tasks: TASKS })
  const one = new Dump(path.join(bench.folder, 'one-task'), { links: 1 })
  const clean = (dump: Dump) => () => dump.timed(() => bench.clean(...dump.arguments))
  const runs = interleave(ROUNDS, { one: clean(one), many: clean(many) })
  return [
    {
      what: '1,000 tasks, one remap: beyond one task',
      goal: '<= 30 ms',
      measured: ms(paired(runs, (of) => of('many').wallMs - of('one').wallMs)),
      from: `${times(runs.many)} to ${times(runs.one)}`,
    },
  ]
}
