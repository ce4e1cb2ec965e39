// A memory file system that lives on where nobody looks: in a mount namespace that no process shows in
// whole, or that may not be looked at. Its links are never called vanished. From inside a pid namespace, so
// that the kernel's own row of namespaces is closed to the command.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { attempt } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { DATA_MOUNT, ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { check, liveNamespace, newWorld, test, unchanged, type World } from './rig.js'

const TMPFS = 5

/** makedev(3), backwards */
const minorOf = (device: number): number => (device & 0xff) | ((device >> 12) & 0xfff00)

/** Ended, and reaped: nothing of it is in /proc. */
async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (fs.existsSync(`/proc/${pid}`)) await sleep(2)
}

interface Hidden {
  what: string
  /** of sh, in the namespace with the file system; $1 is where that is, $3 test/criu/hide.c */
  stay?: string
  /** how somebody outside keeps it, once its process has ended; false where the kernel refuses that */
  keep?: (t: Test, world: World, namespace: string) => boolean
  /** a program that runs the command */
  under?: string[]
  says: RegExp
  skip?: string | false
}

/** as root of a container has it, or a service that was hardened */
const BLIND = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace']

const cases: Hidden[] = [
  {
    what: 'its only process is in a chroot',
    stay: 'exec "$3" chroot "$1/sub"',
    says: /still mounted on \S+ in the mount namespace of process/,
  },
  {
    what: 'its only process is in a chroot that is a mount',
    stay: 'mkdir "$1/jail"; mount -t tmpfs jail "$1/jail"; exec "$3" chroot "$1/jail"',
    says: /still mounted on \S+ in the mount namespace of process/,
  },
  {
    what: 'the first thread of its only process has ended',
    stay: 'exec "$3" leader',
    says: /in the mount namespace of thread \d+ of process/,
  },
  {
    what: 'it is kept by a mount',
    keep: (_, world, namespace) => {
      const place = join(world.base, 'pinned')
      if (!fs.existsSync(place)) {
        // a namespace cannot be mounted where others would get it, too
        fs.mkdirSync(place)
        world.mount('--bind', place, place)
        fs.writeFileSync(join(place, 'mnt'), '')
      }
      return attempt('mount', ['--bind', namespace, join(place, 'mnt')]).code === 0
    },
    says: /in a mount namespace that is kept on/,
  },
  {
    what: 'it is kept by a descriptor',
    keep: (t, _, namespace) => {
      const fd = fs.openSync(namespace, 'r')
      t.teardown(() => fs.closeSync(fd))
      return true
    },
    says: /in the mount namespace that descriptor \d+ of process \d+ keeps/,
  },
  {
    what: 'its process may not be looked at',
    under: BLIND,
    says: /whether its tmpfs lives on is not known/,
    skip: needs('setpriv', 'util-linux'),
  },
]

const SHM =
  'mount -t tmpfs shm "$1"; mkdir "$1/sub"; echo data >"$1/f"; ln "$1/f" "$1/sub/link_remap.4"; stat -c %d "$1" >"$2"'

await inside(
  import.meta.url,
  () => {
    for (const { what, stay = 'true', keep, under, says, skip = false } of cases)
      for (const auto of [false, true])
        test(`${what}${auto ? ", with 'mnt[]'" : ''}`, { skip }, async (t) => {
          const world = newWorld(t)
          const at = (name: string): string => join(world.base, name)
          const [place, number, hide] = [at('shm'), at('number'), compile('hide.c', '-pthread')]
          fs.mkdirSync(place)
          fs.mkdirSync(world.at('shm'))
          const start = (): Promise<number> =>
            liveNamespace(t, `${SHM}; ${stay}`, [place, number, hide])
          let pid = await start()
          // Linux 6.18 numbers namespaces by processor, and mounts none that has a lower number than ours.
          for (let i = 0; keep && i < 50 && !keep(t, world, `/proc/${pid}/ns/mnt`); i++) {
            await end(pid)
            pid = await start()
          }
          if (keep) await end(pid)
          const minor = minorOf(Number(fs.readFileSync(number, 'utf8')))
          const row = { mountpoint: '/shm', fstype: TMPFS, major: 0, minor, source: 'shm' }
          world.rows.push({ mntId: DATA_MOUNT, parent: ROOT_MOUNT, ...row })
          world.remap(4, '/shm/sub/link_remap.4', { mntId: DATA_MOUNT })
          if (auto) world.options = ['--external', 'mnt[]']
          check(t, world, {
            verdicts: [under === undefined ? '4 kept unreachable' : '4 kept unseen'],
            says,
            ...(under && { under }),
            ...(auto && { once: true }),
          })
        })

    const skip = needs('setpriv', 'util-linux')
    test('a process named criu that may not be looked at may be at work here', { skip }, (t) => {
      const world = newWorld(t, { alone: true })
      world.link('app', 4)
      world.dump()
      const criu = spawn('sleep', ['60'], { argv0: 'criu', stdio: 'ignore', env: {} })
      world.finally(() => criu.kill('SIGKILL'))
      const show = ['show', ...world.args(), '--json']
      t.equal(unchanged(t, world, show).code, 3, 'it is seen to be at work elsewhere')
      for (const words of [show, ['clean', ...show.slice(1)]]) {
        const run = unchanged(t, world, words, [], { under: BLIND })
        t.equal(run.code, 6, run.stderr)
        t.match(
          run.stdout,
          /somebody is at work on these images: process \d+ \(sleep\) is CRIU, and may not be looked at/,
        )
      }
    })
  },
  // a process named criu of another test that cannot be looked at may be at work here
  { more: OWN_PROCESSES },
)
