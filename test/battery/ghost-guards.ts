// The checks on the way to the removal of a ghost file.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { image } from '../encode/images.js'
import { file, ghostFile, remap } from '../encode/messages.js'
import { later, ROOT_MOUNT } from '../rig/hand-made.js'
import { world, type Guard, type Replacement } from './guards.js'
import type { Scene } from './scene.js'

const SECONDS = 1_700_000_000

/** Tests beside this one may restore something. */
const ALONE: readonly Replacement[] = [
  { at: 'const isRestoring = isRestoreThere()', replace: 'isRestoreThere()', by: 'false' },
]

/** what a restore leaves of /app/old, in images and on disk, where `change` makes it something else */
const ghost = (scene: Scene, id: number, change: (path: string) => void): void => {
  scene.files.push(file({ id: 7, name: '/app/old', mntId: ROOT_MOUNT, mode: 0o100640 }))
  scene.remaps.push(remap(7, id, 1))
  const entry = ghostFile({ mode: 0o100640, mtim: [SECONDS, 0] })
  scene.tamper = (images) => {
    const contents = Buffer.from('ten bytes.')
    images.set(
      `ghost-file-${id.toString(16)}.img`,
      Buffer.concat([image('ghost-file', [entry]), contents]),
    )
  }
  scene.options.push('--only', 'residue', '--repair', 'ghosts')
  const path = scene.at('app', `old.cr.${id.toString(16)}.ghost`)
  fs.writeFileSync(path, 'ten bytes.')
  fs.chmodSync(path, 0o640)
  fs.utimesSync(path, SECONDS, SECONDS)
  change(path)
}

const trialOf =
  (code: number, change: (scene: Scene, path: string) => void, id = 31): Guard['trial'] =>
  () => ({
    scene: world((scene) => {
      ghost(scene, id, (path) => {
        change(scene, path)
      })
    }),
    ...{ code, verdicts: [] },
  })

/** it is somebody else's, which changes no exit code */
const foreign = (change: (path: string) => void): Guard['trial'] =>
  trialOf(0, (_, path) => {
    change(path)
  })
const kept = (change: (scene: Scene, path: string) => void): Guard['trial'] => trialOf(3, change)

const isCalled = (pid: number, name: string): boolean =>
  fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`${name}\0`)

const again = (path: string): void => {
  fs.utimesSync(path, SECONDS, SECONDS)
}

/** what is found, and what the image says: one of them twice is no comparison */
const blind = (field: string): Replacement => ({
  at: `found.${field}, image.${field}`,
  ...{ replace: `found.${field}`, by: `image.${field}` },
})
const BLIND_MODE: Replacement = {
  at: 'found.mode & 4095, image.mode & 4095',
  ...{ replace: 'found.mode & 4095', by: 'image.mode & 4095' },
}

const differs = (what: string, by: Replacement, change: (path: string) => void): Guard => ({
  name: `ghost file: its ${what}`,
  behind: ALONE,
  ...by,
  trial: foreign(change),
})

export const GHOST_GUARDS: readonly Guard[] = [
  differs('owner', blind('uid'), (path) => {
    fs.chownSync(path, 65534, 0)
  }),
  differs('group', blind('gid'), (path) => {
    fs.chownSync(path, 0, 65534)
  }),
  differs('mode', BLIND_MODE, (path) => {
    fs.chmodSync(path, 0o644)
  }),
  differs('size', blind('size'), (path) => {
    fs.appendFileSync(path, 'more')
    again(path)
  }),
  {
    name: 'ghost file: when its contents changed',
    behind: ALONE,
    ...{ replace: 'isSameTime(found.changed, image.changed)', by: 'true' },
    trial: foreign((path) => {
      fs.writeFileSync(path, 'not those.')
    }),
  },
  {
    name: 'ghost file: its type',
    behind: [
      ...ALONE,
      // A symbolic link has another size, and other times.
      blind('size'),
      BLIND_MODE,
    ],
    ...{ replace: '(found.mode & S_IFMT) !== type', by: 'false' },
    trial: foreign((path) => {
      fs.rmSync(path)
      fs.symlinkSync('/etc/hostname', path)
      fs.lutimesSync(path, SECONDS, SECONDS)
    }),
  },
  {
    name: 'ghost file: a process has it open',
    behind: ALONE,
    ...{ at: 'if (heldBy.length > 0)', replace: 'heldBy.length > 0', by: 'false' },
    trial: kept((scene, path) => {
      const fd = fs.openSync(path, 'r')
      scene.finally(() => {
        fs.closeSync(fd)
      })
    }),
  },
  {
    name: 'ghost file: something is mounted on it in another namespace',
    behind: ALONE,
    ...{ replace: 'mounted.has(reach.base)', by: 'false' },
    // By its name in any namespace: another one than those of the tests beside this one.
    trial: trialOf(
      0,
      (scene, path) => {
        const ready = join(scene.base, 'mounted')
        const script = 'mount --bind "$1" "$1" && touch "$2" && exec sleep 100000'
        const words = ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', path, ready]
        const child = spawn('unshare', words, { stdio: 'ignore' })
        scene.finally(() => child.kill('SIGKILL'))
        while (!fs.existsSync(ready)) later()
      },
      32,
    ),
  },
  {
    name: 'ghost file: a restore runs',
    ...{ replace: 'isRestoreThere()', by: 'false' },
    trial: kept((scene) => {
      const child = spawn('sleep', ['100000'], { argv0: 'criu', stdio: 'ignore' })
      scene.finally(() => child.kill('SIGKILL'))
      while (!isCalled(child.pid ?? 0, 'criu')) later()
    }),
  },
]
