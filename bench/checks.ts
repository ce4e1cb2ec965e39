// What looking before, holding and looking again cost a link: the command as it is against one that
// unlinks each name in its resolved directory and believes the kernel.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { criuGc, inRepo, program } from '../test/rig/repo.js'
import { Dump } from './dump.js'
import { type Bench, interleave, paired, type Row, times } from './measure.js'

const ROUNDS = 9
const LINKS = 10_000

/** In a folder of its own, where it finds its addon as it does in dist/. */
const withoutChecks = (folder: string): string => {
  const addon = path.join('build', 'Release', 'syscalls.node')
  for (const file of [addon, path.join('dist', 'criu-gc.cjs')])
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  fs.copyFileSync(inRepo(addon), path.join(folder, addon))
  const command = path.join(folder, 'dist', 'criu-gc.cjs')
  fs.copyFileSync(criuGc, command)
  const [whole, before] =
    /^( +)collect\(place, \{ remap: \{ [\w, ]+ \}, base \}\) \{\n/m.exec(
      fs.readFileSync(program, 'utf8'),
    ) ?? []
  if (whole === undefined) throw new Error('the bundle has no Links.collect as it was')
  const body =
    `${before}  const result = this.sys.tryUnlinkat(place.fd, base);\n` +
    `${before}  return result < 0 ? failed("unlinkat", result) : { verdict: "removed" };\n`
  const dist = path.dirname(command)
  fs.writeFileSync(
    path.join(dist, 'program.cjs'),
    fs.readFileSync(program, 'utf8').replace(whole, () => whole + body),
  )
  execFileSync(process.execPath, [inRepo('scripts', 'cache.mjs'), dist], { env: {} })
  return command
}

export const checks = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'checks'), { links: LINKS })
  const bare = withoutChecks(path.join(bench.folder, 'without-checks'))
  const loop = (program: string) => () =>
    dump.timed(() => bench.time(bench.program(program), dump.data, String(LINKS)))
  const runs = interleave(ROUNDS, {
    with: () => dump.timed(() => bench.clean(...dump.arguments)),
    without: () => dump.timed(() => bench.node(bare, 'clean', ...dump.arguments)),
    calls: loop('checked'),
    unlink: loop('unlink'),
  })
  const us = (more: string, less: string): number =>
    (1000 * paired(runs, (of) => of(more).wallMs - of(less).wallMs)) / LINKS
  const each = (more: string, less: string): string => `${us(more, less).toFixed(1)} us`
  const ratio = us('with', 'without') / us('calls', 'unlink')
  return [
    {
      what: '10,000 remaps: the checks, each, to the same calls in C',
      goal: '<= 1.5',
      measured: `${ratio.toFixed(2)}, ${each('with', 'without')}`,
      from: `${times(runs.with)} to ${times(runs.without)} without them`,
    },
    {
      what: 'their four system calls alone, in C',
      goal: '',
      measured: each('calls', 'unlink'),
      from: `${times(runs.calls)} to ${times(runs.unlink)} of unlinkat alone`,
    },
  ]
}
