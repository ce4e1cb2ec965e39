// One link on a host with many processes, mount namespaces and mounts that are none of its business.
import fs from 'node:fs'
import path from 'node:path'
import { criuGc } from '../test/rig/repo.js'
import { Dump } from './dump.js'
import { type Bench, interleave, paired, type Row, type Run, times } from './measure.js'

const ROUNDS = 9
const PROCESSES = 2000
const NAMESPACES = 200
const MOUNTS = 100

export const busyHost = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'busy-host'), { links: 1 })
  const amid =
    (...crowd: readonly number[]) =>
    (): Run =>
      dump.timed(() =>
        bench.timeUnder(
          [bench.program('crowd'), ...crowd.map(String)],
          process.execPath,
          ...[criuGc, 'clean', ...dump.arguments],
        ),
      )
  // Namespaces take their mounts from ours.
  const own = fs.readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length - 1
  const runs = interleave(ROUNDS, {
    alone: amid(0, 0, 0),
    processes: amid(PROCESSES, 0, 0),
    namespaces: amid(0, NAMESPACES, 1),
    mounts: amid(0, NAMESPACES, MOUNTS),
  })
  const each = (more: string, less: string, count: number): number =>
    (1000 * paired(runs, (of) => of(more).cpuMs - of(less).cpuMs)) / count
  const mount = each('mounts', 'namespaces', NAMESPACES * (MOUNTS - 1))
  const namespace = each('namespaces', 'alone', NAMESPACES) - mount * (own + 1)
  const us = (value: number): string => `${value.toFixed(1)} us`
  const from = (side: keyof typeof runs): string => `${times(runs[side])} to ${times(runs.alone)}`
  return [
    {
      what: 'one remap: each process of the host',
      goal: '<= 20 us',
      measured: us(each('processes', 'alone', PROCESSES)),
      from: `${PROCESSES}: ${from('processes')}`,
    },
    {
      what: 'one remap: each other mount namespace, beyond its mounts',
      goal: '<= 50 us',
      measured: us(namespace),
      from: `${NAMESPACES}: ${from('namespaces')}`,
    },
    {
      what: 'one remap: each mount in them',
      goal: '<= 5 us',
      measured: us(mount),
      from: `${NAMESPACES * MOUNTS}: ${from('mounts')}`,
    },
  ]
}
