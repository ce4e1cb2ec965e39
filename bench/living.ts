// A living tree with very many files: what --pid costs, beside a listing of the same folders of /proc.
import fs from 'node:fs'
import path from 'node:path'
import { criuGc } from '../test/rig/repo.js'
import { type Bench, interleave, paired, type Row, type Run, times } from './measure.js'

const ROUNDS = 5
const PROCESSES = 1000
const FILES = 15
const MANY_FILES = 10_000

/** Of the first process and its children, as their mappings are too. */
const LIST = `p=$0; exec ls -l $(echo $p $(cat /proc/$p/task/$p/children) | tr ' ' '\\n' | sed 's#.*#/proc/&/fd /proc/&/map_files#') >/dev/null 2>&1`

export const living = (bench: Bench): Row[] => {
  const folder = path.join(bench.folder, 'living')
  fs.mkdirSync(folder)
  const amid =
    (processes: number, files: number, ...command: readonly string[]) =>
    (): Run =>
      bench.timeUnder(
        [bench.program('tree'), folder, String(processes), String(files)],
        ...(command as [string]),
      )
  // What is found is said by the exit code: incomplete, without any images.
  const look = (processes: number, files: number): (() => Run) =>
    amid(
      processes,
      files,
      '/bin/sh',
      '-c',
      'env -i PATH=/usr/bin "$0" "$@" >/dev/null 2>&1; test $? = 4',
      process.execPath,
      ...[criuGc, 'show', '--pid', '%p'],
    )
  const runs = interleave(ROUNDS, {
    tree: look(PROCESSES, FILES),
    alone: look(1, 0),
    list: amid(PROCESSES, FILES, '/bin/sh', '-c', LIST, '%p'),
    many: look(1, MANY_FILES),
    half: look(PROCESSES / 2, FILES),
  })
  const ratio = paired(runs, (of) => (of('tree').wallMs - of('alone').wallMs) / of('list').wallMs)
  const growth = paired(
    runs,
    (of) => (of('tree').wallMs - of('alone').wallMs) / (of('half').wallMs - of('alone').wallMs),
  )
  const many = paired(runs, (of) => of('many').wallMs - of('alone').wallMs)
  return [
    {
      what: `--pid: ${PROCESSES} processes with ${FILES} unlinked files each, open and mapped`,
      goal: '<= 1 x ls -l',
      measured: `${ratio.toFixed(2)} x`,
      from: `${times(runs.tree)}, alone ${times(runs.alone)}, ls ${times(runs.list)}`,
    },
    {
      what: '--pid: twice as many processes',
      goal: '2 x',
      measured: `${growth.toFixed(2)} x`,
      from: `${times(runs.tree)} to ${times(runs.half)}`,
    },
    {
      what: `--pid: one process with ${MANY_FILES} unlinked files`,
      goal: '<= 250 ms',
      measured: `${many.toFixed(0)} ms`,
      from: `${times(runs.many)} to ${times(runs.alone)}`,
    },
  ]
}
