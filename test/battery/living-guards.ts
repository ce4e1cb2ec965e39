// The checks on the way to the deletion of a link that nothing but a living process tells of.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { tick, type Guard, type Trial } from './guards.js'
import { survivorOf } from '../rig/hand-made.js'
import { mount } from '../rig/namespace.js'
import { Scene } from './scene.js'

const LINK = 'link_remap.4'

/** A process holds the file of one link in /app; `since`: options that say when the dump was. */
const held = (
  since: readonly string[],
  fill: (scene: Scene, link: string) => void = none,
): Scene => {
  const scene = new Scene()
  const link = scene.file(scene.dir('app'), LINK)
  scene.holdAll(since)
  fill(scene, link)
  tick()
  return scene
}
const none = (): void => undefined

const LATELY = ['--since', '1d']

const kept = (reason: string, make: () => Scene, code = 3): Guard['trial'] => {
  return () => ({ scene: make(), code, verdicts: [`4 kept ${reason}`] })
}

/** A log of a dump that was killed an hour ago. */
const oldLog = (scene: Scene): void => {
  const log = join(scene.base, 'old.log')
  fs.writeFileSync(log, '(00.000010) Dumping processes\n(00.500000) Dumping task\n')
  const then = Date.now() / 1000 - 3600
  fs.utimesSync(log, then, then)
  scene.options.push('-L', log)
}

/** A log of a dump that has run for an hour, and that names each file which it came to: none. */
const tellingLog = (scene: Scene): void => {
  const log = join(scene.base, 'telling.log')
  const run = 'CRIU run id = 89234f48-c204-498a-b818-789c692ce87b'
  fs.writeFileSync(log, `(00.000000) ${run}\n(3600.000000) Dumping task\n`)
  scene.options.push('-L', log)
}

/** A log of one that still ran, and had made one link. */
const makingLog = (scene: Scene, link: string): void => {
  const log = join(scene.base, 'making.log')
  const path = `.${survivorOf(link)} is lost`
  const lines = [
    '(00.000000) CRIU run id = 89234f48-c204-498a-b818-789c692ce87b',
    `(00.100000) Strip ' (deleted)' tag from '${path} (deleted)'`,
    '(3600.000000) Dumping path for 4 fd via self 19 [/other]',
  ]
  fs.writeFileSync(log, `${lines.join('\n')}\n`)
  scene.options.push('-L', log)
}

/** Another process in its namespace traces the one that holds the files. */
const traced = (scene: Scene): void => {
  const tracer = spawn('strace', ['-qq', '-o', '/dev/null', '-p', String(scene.pid)], {
    stdio: 'ignore',
  })
  scene.finally(() => tracer.kill('SIGKILL'))
  while (!/^TracerPid:\t[1-9]/m.test(fs.readFileSync(`/proc/${scene.pid}/status`, 'latin1'))) tick()
}

export const LIVING_GUARDS: readonly Guard[] = [
  {
    name: 'held: a file with two links',
    at: 'if (!isAlone && !accepts("shared"))',
    replace: '!isAlone',
    by: 'false',
    trial: (): Trial => ({
      scene: held(LATELY, (_, link) => {
        fs.linkSync(link, join(link, '..', 'link_remap.6'))
      }),
      code: 3,
      verdicts: ['4 kept shared', '6 kept shared'],
    }),
  },
  {
    name: 'held: a file with more links than the dump made, by its log',
    at: 'links.reduce((sum, one) => sum + one, 0) === count',
    replace: '=== count',
    by: '> 0',
    trial: (): Trial => ({
      scene: held([], (scene, link) => {
        fs.linkSync(link, join(link, '..', 'link_remap.6'))
        tick()
        makingLog(scene, link)
      }),
      code: 3,
      verdicts: ['4 kept shared', '6 kept shared'],
    }),
  },
  {
    name: 'held: a link of a checkpoint that is to be kept',
    at: 'if (isWanted) return',
    replace: 'isWanted',
    by: 'false',
    trial: kept('wanted', () =>
      held(LATELY, (scene, link) => {
        scene.remap(4, link)
        scene.dump()
        scene.options.push('--keep', scene.images)
      }),
    ),
  },
  {
    name: 'held: nothing tells when the dump was',
    at: 'if (spans.length === 0) return "undated";',
    replace: '"undated"',
    by: '"within"',
    trial: kept('undated', () => held([])),
  },
  {
    name: 'held: a link that is older than the dump',
    at: 'before: "older", within: void 0,',
    replace: '"older"',
    by: 'void 0',
    trial: kept('older', () => held(['--since', `@${Math.ceil(Date.now() / 1000) + 3600}`])),
  },
  {
    name: 'held: a link that was changed after the dump',
    at: 'within: void 0, after: "newer",',
    replace: '"newer"',
    by: 'void 0',
    trial: kept('newer', () => held([], oldLog)),
  },
  {
    name: 'held: a link that was changed after the dump, and no checkpoint to keep explains that',
    at: 'isExplained: held.isCounted && this.isExplained(ctime, place.stat, held)',
    replace: 'held.isCounted && this.isExplained(ctime, place.stat, held)',
    by: 'true',
    trial: kept('newer', () => held([], oldLog)),
  },
  {
    name: 'held: a file that the log of the dump does not name',
    at: 'changed === "within" && isUnlogged ?',
    replace: 'isUnlogged',
    by: 'false',
    trial: kept('unlogged', () => held([], tellingLog)),
  },
  {
    name: 'held: something is mounted on it',
    at: 'if (isMountpoint) return "mountpoint";',
    replace: 'isMountpoint',
    by: 'false',
    // By the mount table of the process alone: in ours nothing is there.
    trial: (): Trial => {
      const scene = held(LATELY, (s, link) => {
        const other = join(s.dir('other'), 'file')
        fs.writeFileSync(other, '')
        mount('--namespace', String(s.pid), '--bind', other, link)
      })
      return { scene, code: 3, verdicts: ['4 kept mountpoint'] }
    },
  },
  {
    name: 'held: a tree that somebody traces',
    at: 'const tracer = tracerOf(pid); if (tracer > 0) throw new GcError( "busy", `somebody is at work on this container',
    replace: 'tracer > 0',
    by: 'false',
    trial: () => ({ scene: held(LATELY, traced), code: 6 }),
  },
]
