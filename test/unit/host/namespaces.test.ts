// On the real kernel: a tmpfs in another mount namespace, whatever keeps that, is seen by both ways. What only
// a fake kernel can show is in walked.test.ts and scanned.test.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { attempt, must } from '../../rig/command.js'
import { compile } from '../../rig/compile.js'
import { hasFuse, mountMute } from '../../rig/mute.js'
import { insideMountNamespace, isInside, mount, unmount } from '../../rig/namespace.js'
import { inRepo } from '../../rig/repo.js'
import type { Seen } from './look.js'

const EPERM = -1
const PRIVATE = ['unshare', '--mount', '--propagation', 'private']
const ALONE = ['--pid', '--fork', '--kill-child', '--mount-proc']
const WAYS = ['walk', 'scan'] as const
type Way = (typeof WAYS)[number]

/** Runs until it is killed, and says "ready" before. */
const start = async (t: Test, words: readonly string[]): Promise<number> => {
  const [command = '', ...args] = words
  const child = spawn(command, args, { cwd: '/', env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(() =>
    Promise.reject(new Error(`${words.join(' ')}: ended`)),
  )
  ended.catch(() => undefined)
  await Promise.race([once(child.stdout, 'data'), ended])
  return child.pid ?? -1
}

const end = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL')
  while (fs.existsSync(`/proc/${pid}`)) await sleep(2)
}

/** In a shell that has a namespace of its own; $1 is the place. */
const MOUNT = 'mount -t tmpfs kept "$1" && touch "$1/file"'
const WAIT = 'echo ready; exec sleep 600'

const inNamespace = (t: Test, place: string, script = WAIT, more: string[] = []): Promise<number> =>
  start(t, [...PRIVATE, ...more, 'sh', '-ec', `${MOUNT}; ${script}`, 'sh', place, compile('hide.c', '-pthread')]) // prettier-ignore

const look = (way: Way, place: string, under: readonly string[] = []): Seen => {
  const script = inRepo('out', 'test', 'unit', 'host', 'look.js')
  const words = [...under, process.execPath, script, way, place, 'file']
  return JSON.parse(must('env', ['-u', 'NODE_OPTIONS', ...words])) as Seen
}

const looked = (t: Test, way: Way, place: string, under: readonly string[] = []): Seen => {
  const seen = look(way, place, under)
  t.equal(seen.places[1], seen.places[0], 'the thread is where it was')
  t.equal(seen.left, 0, 'no descriptor is left open')
  return seen
}

interface Keeper {
  readonly name: string
  readonly keep: (t: Test, place: string) => Promise<unknown>
  readonly holder: RegExp
  /** Only the kernel's own row has it. */
  readonly walkOnly?: true
  /** Nothing to be looked up. */
  readonly found?: number
}

/** Linux 6.18 numbers namespaces by processor, and mounts none that has a lower number than ours. */
const bindNamespace = async (
  t: Test,
  begin: () => Promise<number>,
  bind: (link: string) => boolean,
): Promise<void> => {
  for (let i = 0; i < 50; i++) {
    const pid = await begin()
    const isBound = bind(`/proc/${pid}/ns/mnt`)
    await end(pid)
    if (isBound) return
  }
  t.fail('no namespace could be mounted')
}

/** A descriptor in a process that is not in the namespace, which then has no process. */
const holdBy = async (t: Test, place: string, file: string): Promise<void> => {
  const pid = await inNamespace(t, place)
  await start(t, ['sh', '-c', `exec 7<"/proc/$1/${file}"; ${WAIT}`, 'sh', String(pid)])
  await end(pid)
}

const keepers: readonly Keeper[] = [
  {
    name: 'a process',
    keep: (t, place) => inNamespace(t, place),
    holder: /^the mount namespace of process \d+$/,
  },
  {
    name: 'a thread other than the first',
    keep: (t, place) => start(t, [compile('hide.c', '-pthread'), 'thread', place]),
    holder: /^the mount namespace of thread \d+ of process \d+$/,
    found: -2,
  },
  {
    name: 'a process whose first thread has ended',
    keep: (t, place) => inNamespace(t, place, 'exec "$2" leader'),
    holder: /^the mount namespace of thread \d+ of process \d+$/,
  },
  {
    name: 'a descriptor',
    keep: (t, place) => holdBy(t, place, 'ns/mnt'),
    holder: /^the mount namespace that descriptor 7 of process \d+ keeps$/,
  },
  {
    name: 'a table of mounts that is open',
    keep: (t, place) => holdBy(t, place, 'mountinfo'),
    holder: /^a mount namespace that no process shows$/,
    walkOnly: true,
  },
  {
    name: 'a mount',
    keep: async (t, place) => {
      const pin = fs.mkdtempSync(join(tmpdir(), 'criu-gc-pin-'))
      mount('--bind', pin, pin)
      mount('--make-private', pin)
      fs.writeFileSync(join(pin, 'mnt'), '')
      t.teardown(() => {
        for (const path of [join(pin, 'mnt'), pin]) attempt('umount', ['-l', path])
        fs.rmSync(pin, { recursive: true })
      })
      const bind = (link: string): boolean =>
        attempt('mount', ['--bind', link, join(pin, 'mnt')]).code === 0
      await bindNamespace(t, () => inNamespace(t, place), bind)
    },
    holder: /^a mount namespace that is kept on \/.*\/mnt$/,
  },
  {
    name: 'a mount in another namespace',
    keep: async (t, place) => {
      const pin = `${place}-pin`
      fs.mkdirSync(pin)
      t.teardown(() => fs.rmdirSync(pin))
      const outer = await start(t, [
        ...PRIVATE,
        'sh',
        '-ec',
        `mount -t tmpfs pin "$1"; touch "$1/mnt"; ${WAIT}`,
        'sh',
        pin,
      ])
      const enter = ['--target', String(outer), '--mount']
      await bindNamespace(
        t,
        () => inNamespace(t, place),
        (link) =>
          attempt('nsenter', [...enter, 'mount', '--bind', link, join(pin, 'mnt')]).code === 0,
      )
    },
    holder: /^a mount namespace that no process shows$/,
  },
  {
    name: 'a process in a chroot',
    keep: (t, place) => inNamespace(t, place, 'mkdir "$1/sub"; exec "$2" chroot "$1/sub"'),
    holder: /^the mount namespace of process \d+$/,
  },
  {
    name: 'a process in another pid namespace',
    keep: (t, place) => inNamespace(t, place, WAIT, ALONE),
    holder: /^the mount namespace of process \d+$/,
  },
  {
    name: 'a process in another user namespace',
    keep: (t, place) => inNamespace(t, place, WAIT, ['--user', '--map-root-user']),
    holder: /^the mount namespace of process \d+$/,
  },
]

const newPlace = (t: Test): string => {
  const place = fs.mkdtempSync(join(tmpdir(), 'criu-gc-kept-'))
  t.teardown(() => fs.rmdirSync(place))
  return place
}

const tests = async (): Promise<void> => {
  for (const { name, keep, holder, walkOnly, found = 0 } of keepers)
    await t.test(`kept by ${name}`, async (t) => {
      const place = newPlace(t)
      await keep(t, place)
      for (const way of WAYS) {
        const { tables, unseen } = looked(t, way, place)
        t.equal(unseen, undefined, way)
        t.equal(tables.length, way === 'scan' && walkOnly ? 0 : 1, way)
        if (tables.length === 0) continue
        t.match(tables[0], { holder, found, hasRemote: false }, way)
        t.strictSame(
          tables[0]?.mounts.map(({ mountpoint }) => mountpoint),
          [place, '/'],
          way,
        )
        t.equal(tables[0]?.mounts[0]?.source, 'kept', way)
      }
    })

  await t.test(
    'what the kernel lists is what a look from inside shows, whatever the names',
    async (t) => {
      const place = newPlace(t)
      const script = [
        'cd "$1"; for n in "a b" "a\\b" "$(printf "a\\377\\tb\\nc")" "a#b" gone; do mkdir "$n"; done',
        'for n in a*; do mount -t tmpfs "s $n" "$n"; done; mount --bind gone "a b"; rmdir gone',
        WAIT,
      ]
      const pid = await inNamespace(t, place, script.join('; '))
      const [listed, entered] = WAYS.map((way) => {
        const { tables } = looked(t, way, '*')
        return tables
          .find((table) => table.pid === pid)
          ?.mounts.map((row) => {
            const { mntId, parentId, major, minor, root, mountpoint, fstype, source } = row
            return { mntId, parentId, major, minor, root, mountpoint, fstype, source }
          })
      })
      t.ok((listed?.length ?? 0) > 10)
      const byId = (rows: typeof listed): typeof listed => rows?.sort((a, b) => a.mntId - b.mntId)
      t.strictSame(byId(listed), byId(entered))
      t.equal(
        new Set<string | undefined>(listed?.map(({ source }) => source)).has('s a\xff\tb\nc'),
        true,
      )
    },
  )

  await t.test('mounts beside each other on rootfs, as where the initramfs stays', async (t) => {
    await start(t, [compile('hide.c', '-pthread'), 'rootfs'])
    for (const way of WAYS)
      for (const [place, found] of [
        ['/root', 0],
        ['/dev', -2],
      ] as const) {
        const { tables, unseen } = looked(t, way, place)
        const table = tables.find(({ mounts }) =>
          mounts.some(({ source }) => ['kept', 'first'].includes(source)),
        )
        t.match(table, { found }, `${way} ${place}`)
        t.equal(unseen, undefined, way)
      }
  })

  await t.test('from a chroot', async (t) => {
    const place = newPlace(t)
    await inNamespace(t, place)
    const [own, jail] = [newPlace(t), newPlace(t)]
    mount('-t', 'tmpfs', 'kept', own)
    mount('--bind', '/', jail)
    mount('--bind', '/proc', `${jail}/proc`)
    t.teardown(() => {
      for (const path of [own, `${jail}/proc`, jail]) unmount(path)
    })
    const walked = looked(t, 'walk', place, ['chroot', jail])
    t.match(walked, { tables: [{ holder: /^the mount namespace of process/, found: EPERM }] })
    t.equal(walked.unseen, undefined, 'the kernel lists it all the same')
    t.strictSame(looked(t, 'walk', jail, ['chroot', jail]).tables.length, 0)
    const hidden = looked(t, 'walk', '*', ['chroot', jail]).tables.find(
      ({ pid, holder }) => pid !== null && holder.startsWith('our own'),
    )
    t.ok(
      hidden?.mounts.some(({ mountpoint }) => mountpoint === '' || mountpoint.endsWith(own)),
      'what the chroot hides',
    )
    t.equal(hidden?.found, EPERM)
    const scanned = looked(t, 'scan', place, ['chroot', jail])
    t.match(scanned, { unseen: /^we are in a chroot/, tables: [{ found: EPERM }] })
  })

  await t.test('from where not all is shown', async (t) => {
    const place = newPlace(t)
    const pid = await inNamespace(t, place)
    const hidepid = [
      ...PRIVATE,
      'sh',
      '-c',
      'mount -t proc -o hidepid=2 proc /proc; exec "$@"',
      'sh',
    ]
    for (const way of WAYS) {
      const inside = looked(t, way, place, [...PRIVATE, ...ALONE])
      t.match(inside.unseen, /^we are in a pid namespace/, way)
      t.strictSame(inside.tables, [], way)
      const user = looked(t, way, place, ['unshare', '--user', '--map-root-user', '--mount'])
      t.match(user, { unseen: /may not be looked at|cannot be entered|show/ }, way)
      const hide = looked(t, way, place, hidepid)
      t.equal(hide.tables.length, 1, way)
      if (way === 'walk') t.equal(hide.unseen, undefined, 'no process is asked')
      else t.match(hide.unseen, /hidepid/)
    }
    const weak = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin']
    if (attempt('setpriv', ['--version']).code === 0)
      for (const way of WAYS) {
        const { unseen, tables } = looked(t, way, place, weak)
        t.match(unseen, /^we are in a chroot, or may not enter/, way)
        t.match(tables, [{ pid, found: EPERM }], 'what a process shows is better than nothing')
      }
  })

  await t.test('namespaces in which only other clean-ups are', async (t) => {
    const place = newPlace(t)
    const program = join(newFolder(t), 'criu-gc')
    fs.copyFileSync('/bin/sleep', program)
    fs.chmodSync(program, 0o755)
    const pid = await inNamespace(t, place, `echo ready; exec ${program} 600`)
    while (!fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(program)) await sleep(5)
    for (const way of WAYS) {
      const { tables, unseen } = looked(t, way, place)
      t.strictSame(tables, [], way)
      t.equal(unseen, undefined, way)
    }
    await t.test('and that somebody else holds', async (t) => {
      await start(t, ['sh', '-c', `exec 7<"/proc/$1/ns/mnt"; ${WAIT}`, 'sh', String(pid)])
      for (const way of WAYS) t.equal(looked(t, way, place).tables.length, 1, way)
    })
    const beside = await start(t, ['nsenter', '--target', String(pid), '--mount', 'sh', '-c', WAIT])
    for (const way of WAYS) t.equal(looked(t, way, place).tables.length, 1, `${way} ${beside}`)
  })

  const skip = hasFuse() ? false : 'needs FUSE'
  await t.test('a silent FUSE is asked nothing', { skip }, async (t) => {
    const place = newPlace(t)
    const mute = mountMute('all but names')
    t.teardown(mute.stop)
    // The root of a process, its working directory, an open file, and the root of a namespace.
    await start(t, [compile('hide.c', '-pthread'), 'chroot', mute.path])
    await inNamespace(t, place, `cd "${mute.path}"; exec 8<.; ${WAIT}`)
    await inNamespace(
      t,
      place,
      `mount --move "${mute.path}" / || mount --bind "${mute.path}" /; ${WAIT}`,
    )
    process.kill(mute.pid, 'SIGSTOP')
    t.teardown(() => process.kill(mute.pid, 'SIGCONT'))
    for (const way of WAYS) {
      const started = Date.now()
      const { tables, unseen } = looked(t, way, place)
      t.ok(Date.now() - started < 4000, `${way} waits for nothing`)
      t.equal(unseen, undefined, way)
      t.ok(tables.length >= 1, way)
    }
    // Our own working directory: nobody goes anywhere who could not come back.
    const cd = [
      'sh',
      '-c',
      'kill -CONT "$1"; cd "$2"; kill -STOP "$1"; shift 2; exec "$@"',
      'sh',
      String(mute.pid),
      mute.path,
    ]
    const scanned = looked(t, 'scan', place, cd)
    t.match(scanned.unseen, /^mount namespaces cannot be entered: ETIMEDOUT$/)
  })

  await t.test('a container with 5000 mounts', async (t) => {
    const [place, many] = [newPlace(t), newPlace(t)]
    await inNamespace(t, place)
    await start(t, [...PRIVATE, compile('hide.c', '-pthread'), 'many', many, '5000'])
    const { calls, rows, tables } = looked(t, 'walk', place)
    const of = (name: string): number => calls[name] ?? 0
    t.ok(rows > 5000)
    t.strictSame(
      tables.map(({ mounts }) => mounts.length),
      [2],
    )
    // Others come and go meanwhile. Each step of the way is one of these calls.
    const namespaces = of('ioctl_nsfs')
    t.ok(of('statmount') <= rows + 3 * namespaces, 'one call a mount')
    t.ok(of('listmount') <= rows / 512 + 2 * namespaces)
    t.ok(of('openat') + of('close') <= 2 * namespaces + 20)
    t.equal(of('setns'), 0, 'and nobody goes there')
    t.strictSame(
      looked(t, 'scan', place).tables.map(({ mounts }) => mounts.length),
      [2],
    )
  })
}

const newFolder = (t: Test): string => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-kept-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  return folder
}

if (process.getuid?.() !== 0) t.pass('needs root', { skip: 'needs root' })
else if (isInside()) await tests()
else {
  const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
  await t.spawn(command, args, {}, 'in a private mount namespace')
}
