// The checks on the way to the undoing of what a dump left beside links and locks, knocked out like those of network-guards.ts.
import fs from 'node:fs'
import { join } from 'node:path'
import { compile } from '../rig/compile.js'
import { writeForged } from '../rig/forged.js'
import { startProgram } from '../rig/program.js'
import { startAsCriu, type Case, type NetworkGuard, type Wanted } from './network-guards.js'

const program = (
  { t, netns }: Case,
  ...words: readonly string[]
): ReturnType<typeof startProgram> =>
  startProgram(t, [...netns.enter, compile('residue.c', '-pthread'), ...words])

const isMuted = (pid: number): boolean =>
  fs.readFileSync(`/proc/${pid}/status`, 'latin1').includes('SigBlk:\tfffffffffffbfeef')

interface Muted {
  readonly words: readonly string[]
  /** beside --pid */
  readonly args?: (on: Case, pid: number) => readonly string[]
  readonly rows: readonly string[]
}

/** the signals of a program, which have to stay blocked */
const muted =
  ({ words, args = () => ['--repair', 'signals'], rows }: Muted): NetworkGuard['close'] =>
  async (on) => {
    const { pid } = await program(on, ...words)
    const look = (): string[] =>
      words.includes('mute') && !isMuted(pid) ? ['signals came through'] : []
    return {
      args: ['clean', '--pid', String(pid), '--only', 'residue', ...args(on, pid)],
      rows,
      look,
    }
  }

/** a log of a dump of this process, which was killed when it had come to it */
const log = (on: Case, pid: number, { end = '', after = 1, stamp = '0.5' } = {}): string[] => {
  const images = writeForged(join(on.folder, 'images'), {})
  const file = join(on.folder, 'dump.log')
  const lines = [
    '(0.000001) CRIU run id = 4218f011-5823-4915-a000-0123456789ab',
    `(0.000002) Dumping task (pid: ${pid} comm: residue)`,
    ...[`(${Number(stamp).toFixed(6)}) Dumping mm`, end].filter((line) => line !== ''),
  ]
  fs.writeFileSync(file, `${lines.join('\n')}\n`)
  const then = Date.now() / 1000 + after
  // of the same dump
  for (const path of after < 0 ? fs.readdirSync(images).map((name) => join(images, name)) : [])
    fs.utimesSync(path, then, then)
  fs.utimesSync(file, then, then)
  return ['-D', images, '-L', file, '--repair', 'signals']
}

const CACHE = '/run/criu.kdat.tmp'

/** on the host: what is made there stays */
const onHost =
  (make: () => void): NetworkGuard['close'] =>
  () => {
    make()
    const look = (): string[] => {
      const isThere = fs.lstatSync(CACHE, { throwIfNoEntry: false }) !== undefined
      fs.rmSync(CACHE, { force: true, recursive: true })
      return isThere ? [] : ['it is gone']
    }
    return { args: ['clean', '--only', 'residue', '--repair', 'kerndat'], rows: [], look }
  }

export const RESIDUE_GUARDS: readonly NetworkGuard[] = [
  {
    name: 'what --repair does not name stays',
    at: 'kinds.has(kind) ? { act, repair: kind }',
    replace: 'kinds.has(kind)',
    by: 'true',
    close: muted({
      words: ['memfd', 'mute'],
      args: () => [],
      rows: ['signals kept unasked'],
    }),
  },
  {
    name: 'signals of a program that no dump was at',
    at: 'isCrius = ({ pid }) => touched.has(pid) || hasCome(pid)',
    replace: 'touched.has(pid) || hasCome(pid)',
    by: 'true',
    close: muted({ words: ['mute'], rows: ['signals kept foreign'] }),
  },
  {
    name: "another mask than CRIU's",
    at: '.exec(text)?.[1] === BLOCKED',
    replace: '=== BLOCKED',
    by: '!== "0000000000000000"',
    close: muted({ words: ['memfd', 'full'], rows: [] }),
  },
  {
    name: 'a log of a dump that ended',
    at: 'dumpLog.ended === "unknown" &&',
    replace: 'dumpLog.ended === "unknown"',
    by: 'true',
    close: muted({
      words: ['mute'],
      args: (on, pid) => log(on, pid, { end: '(0.600000) Dumping FAILED.' }),
      ...{ rows: ['signals kept foreign'] },
    }),
  },
  {
    name: 'a log of a dump from before the program began',
    at: '&& !isAfter(started, plus(dumpLog.begun, APART))',
    replace: '!isAfter(started, plus(dumpLog.begun, APART))',
    by: 'true',
    close: muted({
      words: ['mute'],
      args: (on, pid) => log(on, pid, { after: -3600 }),
      ...{ rows: ['signals kept foreign'] },
    }),
  },
  {
    name: 'a process that the dump had not come to',
    replace: 'dumping.includes(pid)',
    by: 'true',
    close: muted({
      words: ['mute'],
      args: (on, pid) => log(on, pid + 1000, { after: 3600, stamp: '3600' }),
      ...{ rows: ['signals kept foreign'] },
    }),
  },
  {
    name: 'a connection in repair mode behind a lock',
    at: 'if (asked.act === void 0 || !isLocked) return { ...found',
    replace: '!isLocked',
    by: 'true',
    close: async (on): Promise<Wanted> => {
      const { pid } = await program(on, 'repair')
      on.netns.nft('table inet CRIU-17 { }')
      const args = ['clean', '--pid', String(pid), '--only', 'residue', '--repair', 'sockets']
      return { outside: true, args, rows: ['sockets kept locked'] }
    },
  },
  {
    name: 'a cache that has something in it',
    at: 'stat?.isFile() === true && stat.size === 0',
    replace: 'stat.size === 0',
    by: 'true',
    close: onHost(() => {
      fs.writeFileSync(CACHE, 'x')
    }),
  },
  {
    name: "a cache of somebody's other than root",
    at: 'stat.size === 0 && stat.uid === 0',
    replace: 'stat.uid === 0',
    by: 'true',
    close: onHost(() => {
      fs.writeFileSync(CACHE, '')
      fs.chownSync(CACHE, 1000, 1000)
    }),
  },
  {
    name: 'a CRIU runs: nothing is named',
    at: 'if (isAtWork()) return { kerndat: void 0, yards: [] };',
    replace: 'isAtWork()',
    by: 'false',
    close: (on) => {
      startAsCriu(on, [])
      return onHost(() => {
        fs.writeFileSync(CACHE, '')
      })(on)
    },
  },
]
