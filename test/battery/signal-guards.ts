// The checks by which a signal ends a run in good order, each knocked out of the built command like those of guards.ts.
import fs from 'node:fs'
import os from 'node:os'
import { verdicts } from '../rig/gc.js'
import { ROOT_MOUNT } from '../rig/hand-made.js'
import { runAsFirst } from './first-process.js'
import {
  swapped,
  tick,
  VOLUME_MOUNT,
  volume,
  world,
  type Guard,
  type Replacement,
  type Trial,
} from './guards.js'
import type { Scene } from './scene.js'
import type { KillAt } from './tool.js'

const { SIGTERM } = os.constants.signals
const ENDED = 128 + SIGTERM

const BETWEEN_LINKS: Replacement = { replace: '(remap) => this.stopped() ??', by: '(remap) =>' }
const BETWEEN_DIRECTORIES: Replacement = {
  replace: 'if (stopped !== void 0) return { found: remaps.map(() => stopped), isReached: false };',
  by: '',
}
const BETWEEN_MOUNTS: Replacement = {
  replace: 'if (stopped !== void 0) return remaps.map(() => stopped);',
  by: '',
}

const FIRST_ONLY = ['4 removed', '6 kept interrupted']

interface Ending {
  /** the call at which SIGTERM comes */
  readonly at?: string
  readonly mark?: string
  readonly code?: number
  readonly how?: 'killed' | 'exited'
  /** which starts kill-at */
  readonly under?: readonly string[]
  readonly expected?: readonly string[]
}

/** SIGTERM while the first link is removed */
const interrupted =
  (fill: (scene: Scene) => void, ending: Ending = {}): Guard['trial'] =>
  (tool: KillAt): Trial => {
    const { at = 'unlinkat', mark = 'unshare', code = ENDED, how = 'killed', under = [] } = ending
    const scene = world(fill)
    const expected = ending.expected ?? FIRST_ONLY
    return {
      scene,
      code,
      ...(expected.length > 0 && { verdicts: expected }),
      gone: at === 'unlinkat' ? scene.leftovers.slice(0, 1) : [],
      run: async (program, problems) => {
        const words = ['signal-in', mark, at, 1, SIGTERM]
        const done = await tool.run(words, scene.clean, program, under)
        if (done.calls[1] !== how) problems.push(`it ${done.calls.join()}`)
        const { exit } = done.report ?? {}
        if (exit !== undefined && (exit.name !== 'interrupted' || exit.code !== ENDED))
          problems.push(`${JSON.stringify(exit)} ${verdicts(done).join()}`)
        return done
      },
    }
  }

const twoLinks = (scene: Scene): void => {
  scene.link('app', 4)
  scene.link('app', 6)
}

/** SIGTERM to a process whose deleting thread stands still: another one takes it. */
const terminate = (pid: number): void => {
  process.kill(pid, 'SIGTERM')
  const isPending = (): boolean =>
    !/^ShdPnd:\t0+$/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))
  // Otherwise that thread does, a moment later.
  for (let looks = 0; isPending() && looks < 100; looks++) tick()
}

export const SIGNAL_GUARDS: readonly Guard[] = [
  {
    name: 'a signal that is noted',
    at: 'noteSignals(sys); const interrupted = () => notedSignal(sys); const how',
    replace: 'noteSignals(sys);',
    by: '',
    trial: interrupted(twoLinks),
  },
  { name: 'a signal between two links', ...BETWEEN_LINKS, trial: interrupted(twoLinks) },
  {
    name: 'a signal between two directories',
    ...BETWEEN_DIRECTORIES,
    behind: [BETWEEN_LINKS],
    trial: interrupted((scene) => {
      scene.link('app', 4)
      scene.link('lib', 6)
    }),
  },
  {
    name: 'a signal between two mounts',
    ...BETWEEN_MOUNTS,
    behind: [BETWEEN_LINKS, BETWEEN_DIRECTORIES],
    trial: interrupted((scene) => {
      scene.link('app', 4)
      volume(scene)
      scene.linkAt('volume', '/data', 6, VOLUME_MOUNT)
    }),
  },
  {
    name: 'a link that is missing where a signal came before all was looked into',
    replace: 'const unknown = isReached ? void 0 : this.stopped();',
    by: 'const unknown = void 0;',
    // The directory of the first one is missing, and the signal comes while that is looked for.
    trial: interrupted(
      (scene) => {
        scene.remap(4, '/nowhere/link_remap.4', { mntId: ROOT_MOUNT })
        scene.link('app', 6)
      },
      {
        at: 'openat2',
        mark: 'seccomp',
        expected: ['4 kept interrupted', '6 kept interrupted'],
      },
    ),
  },
  {
    name: 'the signal in the report',
    at: 'if (report.interrupted !== void 0) return "interrupted";',
    replace: 'report.interrupted !== void 0',
    by: 'false',
    trial: interrupted(twoLinks),
  },
  {
    name: 'the end by the signal',
    replace: 'endBySignal(sys, signal);',
    by: ';',
    trial: interrupted(twoLinks),
  },
  {
    name: 'what the signal does by default, at the end',
    replace: 'this.addon.sigaction(signal, 0);',
    by: '',
    trial: interrupted(twoLinks),
  },
  {
    name: 'the signal itself, at the end',
    replace: 'this.addon.kill(pid, signal);',
    by: '',
    trial: interrupted(twoLinks),
  },
  {
    name: 'the exit code of a process that no signal ends',
    replace: 'sys.exitGroup(SIGNALLED + signalNumber(name));',
    by: '',
    trial: () => {
      const scene = world(twoLinks)
      return {
        scene,
        code: ENDED,
        verdicts: FIRST_ONLY,
        gone: scene.leftovers.slice(0, 1),
        run: (program) => runAsFirst(scene.clean, program),
      }
    },
  },
  {
    name: 'a lost report, which weighs more than a signal',
    replace: '&& exit !== "internal"',
    by: '',
    trial: interrupted(twoLinks, {
      code: 1,
      how: 'exited',
      under: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'],
      expected: [],
    }),
  },
  {
    name: 'an alarm, which weighs more than a signal',
    replace: '&& exit !== "alarm"',
    by: '',
    trial: (tool) => swapped(tool, terminate),
  },
]
