// The same of scan: what keeps a name that was found below a directory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { run, type Done } from '../rig/execute.js'
import { later } from '../rig/hand-made.js'
import type { Guard, Trial } from './guards.js'
import { Scene } from './scene.js'

/** seconds since 1970, between what was changed before and what comes */
const moment = (): string => {
  later()
  const now = (Date.now() / 1000).toFixed(3)
  later()
  return `@${now}`
}

interface Case {
  readonly code?: number
  readonly gone?: readonly string[]
  /** beside the directory and --remove */
  readonly args: readonly string[]
  readonly run?: (args: readonly string[], program: string) => Promise<Done>
}

const scans = (make: (scene: Scene, top: string) => Case): Guard['trial'] => {
  return () => {
    const scene = new Scene()
    const top = scene.dir('top')
    const { code = 3, gone = [], args, run: own = run } = make(scene, top)
    // Other tests have processes that cannot be looked at.
    const all = ['scan', top, '--remove', '--json', '--accept', 'unseen', ...args]
    const trial: Trial = { scene, code, gone, run: (program) => own(all, program) }
    return trial
  }
}

const HOUR = ['--since', '1h']

export const SCAN_GUARDS: readonly Guard[] = [
  {
    name: 'scan: a name that no release of CRIU gives',
    replace: 'isName: isExactLinkName(found.name)',
    by: 'isName: true',
    trial: scans((scene, top) => {
      scene.file(top, 'link_remap.4.bak')
      return { args: HOUR }
    }),
  },
  {
    name: 'scan: a symbolic link with such a name',
    replace: 'isType: TYPES.has(stat.mode & S_IFMT)',
    by: 'isType: true',
    trial: scans((_, top) => {
      fs.symlinkSync('/etc/hostname', join(top, 'link_remap.4'))
      return { args: HOUR }
    }),
  },
  {
    name: 'scan: a link that wanted images list',
    replace: 'isWanted: wantedBy !== void 0',
    by: 'isWanted: false',
    trial: scans((scene) => {
      scene.linkAt('top', scene.dir('top'), 4)
      later()
      scene.dump()
      return { args: [...HOUR, '--keep', scene.images] }
    }),
  },
  {
    name: 'scan: a file that a process has open',
    replace: 'held: heldBy.length > 0 ?',
    by: 'held: false ?',
    trial: scans((scene, top) => {
      const link = scene.file(top, 'link_remap.4')
      return {
        args: HOUR,
        run: async (args, program) => {
          const fd = fs.openSync(link, 'r')
          const child = spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
          fs.closeSync(fd)
          await once(child, 'spawn')
          const done = await run(args, program)
          child.kill('SIGKILL')
          await once(child, 'exit')
          return done
        },
      }
    }),
  },
  {
    name: 'scan: a link of before the time',
    replace:
      'if (facts.changed === "before" || facts.directoryChanged === "before") return "older";',
    by: '',
    trial: scans((scene, top) => {
      scene.file(top, 'link_remap.4')
      return { args: ['--since', moment()] }
    }),
  },
  {
    name: 'scan: a link in a directory of before the time',
    replace: ' || facts.directoryChanged === "before"',
    by: '',
    trial: scans((scene, top) => {
      const link = scene.file(top, 'link_remap.4')
      const since = moment()
      fs.chmodSync(link, 0o600)
      return { args: ['--since', since] }
    }),
  },
  {
    name: 'scan: a link of after the time',
    replace: 'return facts.changed === "after" ? "newer" : void 0;',
    by: 'return void 0;',
    trial: scans((scene, top) => {
      const until = moment()
      scene.file(top, 'link_remap.4')
      return { args: [...HOUR, '--until', until] }
    }),
  },
  {
    name: 'scan: another file system below',
    at: 'const fd = sys.tryOpenat2(directory, name, flags, BENEATH_MOUNT)',
    replace: 'BENEATH_MOUNT',
    by: '0',
    trial: scans((scene, top) => {
      const place = scene.dir('top/memory')
      scene.mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place)
      fs.writeFileSync(join(place, 'link_remap.4'), '')
      const link = scene.file(top, 'link_remap.6')
      return { code: 0, gone: [link], args: HOUR }
    }),
  },
]
