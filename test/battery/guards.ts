// Every check on the way to a deletion, how it is knocked out of the built command, and a case that then
// goes wrong. The order is that of a run.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import * as message from '../encode/messages.js'
import { must } from '../rig/command.js'
import { execute, run, type Done } from '../rig/execute.js'
import { cleared } from '../rig/gc.js'
import { ROOT_MOUNT } from '../rig/hand-made.js'
import { mountMute, type Level } from '../rig/mute.js'
import { mount } from '../rig/namespace.js'
import { node } from '../rig/repo.js'
import { DEVICE, Scene } from './scene.js'
import { descriptorsOf, statusProblems } from './status.js'
import type { KillAt } from './tool.js'

export interface Trial {
  readonly scene: Scene
  /** of the right run */
  readonly code: number
  /** "4 kept type", in the order of the images; undefined where there is no report */
  readonly verdicts?: readonly string[]
  /** absolute paths that are removed */
  readonly gone?: readonly string[]
  /** instead of just running it; adds to `problems` what else is wrong */
  readonly run?: (program: string, problems: string[]) => Promise<Done>
}

/** Texts as in the source: spaces do not matter, nor the digits that the bundler adds to names. */
export interface Replacement {
  /** exactly once in the bundle; without it, what is replaced */
  readonly at?: string
  /** exactly once in there */
  readonly replace: string
  readonly by: string
}

export interface Guard extends Replacement {
  readonly name: string
  /** Guards before this one, which are knocked out in both: it is the last one that holds. */
  readonly behind?: readonly Replacement[]
  readonly trial: (tool: KillAt) => Trial
  readonly needsFuse?: true
  readonly needsChattr?: true
}

export const VOLUME_MOUNT = 51

/** written after all that was made before, and before all that comes later, also by coarse clocks */
const dumped = (scene: Scene): void => {
  tick()
  scene.dump()
  tick()
}

export const tick = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
}

/** one namespace; its rootfs has a directory with nothing of interest */
export const world = (fill: (scene: Scene) => void): Scene => {
  const scene = new Scene()
  scene.withRoot()
  scene.dir('rootfs/app')
  fs.writeFileSync(join(scene.root, 'app/precious'), 'precious\n')
  fill(scene)
  dumped(scene)
  return scene
}

const hostWorld = (fill: (scene: Scene) => void): Scene => {
  const scene = new Scene()
  fill(scene)
  dumped(scene)
  return scene
}

/** a link with its remap in /app */
export const ordinary = (scene: Scene): string => scene.link('app', 4)

/** kept for this reason, and nothing else happens */
const isKept = (reason: string, fill: (scene: Scene) => void): Guard['trial'] => {
  return () => ({ scene: world(fill), code: 3, verdicts: [`4 kept ${reason}`] })
}

const isInvalid = (fill: (scene: Scene) => void): Guard['trial'] => isKept('invalid', fill)

/** refused as a whole */
const ends = (code: number, scene: () => Scene): Guard['trial'] => {
  return () => ({ scene: scene(), code })
}

export const volume = (scene: Scene, mountpoint = '/data'): void => {
  const row = { mntId: VOLUME_MOUNT, parent: ROOT_MOUNT, mountpoint, root: '/v', extKey: 'v' }
  scene.dir('rootfs', mountpoint)
  scene.external('v', 'volume')
  scene.rows.push({ ...row, ...DEVICE.first })
}

const MEMORY = 'criu-gc-memory'

/** a tmpfs with this device number, which the images name and the caller does not */
const memoryAt = (scene: Scene, inside: string, device: number): void => {
  scene.dir('rootfs', inside)
  scene.rows.push({
    mntId: VOLUME_MOUNT,
    parent: ROOT_MOUNT,
    mountpoint: inside,
    root: '/',
    fstype: 5,
    major: 0,
    minor: minorOf(device),
    source: MEMORY,
  })
}

/** one that is mounted here */
const memory = (scene: Scene, inside = '/mem'): string => {
  const place = scene.dir('memory')
  scene.mount('-t', 'tmpfs', '-o', 'size=1m', MEMORY, place)
  memoryAt(scene, inside, fs.statSync(place).dev)
  return place
}

/** In a mount namespace of its own: a tmpfs with a link, and a process that keeps it; what is on it says the device. */
const HOLDER = `
  mount -t tmpfs -o size=1m "$1" "$2" && : >"$2/link_remap.4" && stat -c %d "$2" || exit 1
  sleep 300 </dev/null >/dev/null 2>&1 &
  echo $!`

/** one that only another namespace has, and how to end that */
const memoryElsewhere = (scene: Scene, inside = '/mem'): (() => void) => {
  const place = scene.dir('memory')
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', HOLDER, 'sh', MEMORY, place]
  const [device = 0, pid = 0] = must('unshare', words).split('\n').map(Number)
  memoryAt(scene, inside, device)
  let stopped = false
  const end = (): void => {
    if (stopped) return
    stopped = true
    process.kill(pid, 'SIGKILL')
    // Nobody may wait for it, but then it has left its namespace.
    while (isRunning(pid)) tick()
  }
  scene.finally(end)
  return end
}

const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\tZ/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** the question before the path of a provider is opened */
const HOST_PATH: Replacement = { replace: 'mustAnswer(provider, host.ask(provider.path));', by: '' }

/** a volume that is silent: a run that waits for it has to be rescued */
const silent = (
  level: Level,
  verdict: string,
  below = '.',
  fill = (scene: Scene): void => {
    scene.remap(4, '/data/sub/link_remap.4', { mntId: VOLUME_MOUNT })
  },
): Guard['trial'] => {
  return () => {
    const { path, stop } = mountMute(level)
    const scene = world((one) => {
      volume(one)
      one.options.splice(
        one.options.indexOf('--external'),
        2,
        '--external',
        `mnt[v]:${join(path, below)}`,
      )
      fill(one)
    })
    scene.finally(stop)
    const isGone = verdict.endsWith('removed')
    return {
      scene,
      code: isGone ? 0 : 3,
      verdicts: [verdict],
      gone: isGone ? scene.leftovers : [],
      run: async (program, problems) => {
        const rescue = setTimeout(() => {
          problems.push('it waits')
          stop()
        }, SILENCE)
        const done = await run(scene.clean, program)
        clearTimeout(rescue)
        return done
      },
    }
  }
}

/** Longer than the command waits for an answer, in ms, on a busy machine too. */
const SILENCE = 10_000

/** makedev(3), backwards */
const minorOf = (device: number): number => (device & 0xff) | ((device >> 12) & 0xfff00)

/** a link that is older than the images in a directory that changed since */
const changed = (scene: Scene): void => {
  fs.writeFileSync(join(scene.root, 'app/later'), '')
}

/** until what was made is older than a dump that begins now, also by clocks that count in twos */
const grow = (scene: Scene): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3100)
  scene.begun = new Date()
}

const remove = (path: string): void => fs.rmSync(path, { recursive: true })

const images = (scene: Scene, name: string): string => join(scene.images, name)

/** an image that is there, replaced */
const withImage = (name: string, replace: (path: string, scene: Scene) => void): Scene => {
  const scene = world(ordinary)
  replace(images(scene, name), scene)
  return scene
}

/** an absolute symbolic link in the place of /app to a directory of the host with a link's name in it */
const escaping = (code: number, verdict: string): Guard['trial'] => {
  return () => {
    const scene = world((s) => {
      const victim = s.file(s.host, 'link_remap.4')
      s.remap(4, '/app/link_remap.4')
      remove(join(s.root, 'app'))
      fs.symlinkSync(join(victim, '..'), join(s.root, 'app'))
    })
    return { scene, code, verdicts: [verdict] }
  }
}

const NO_SYMLINKS: Replacement = {
  at: 'var IN_NAMESPACE = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;',
  replace: '| RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS',
  by: '',
}
const IN_ROOT: Replacement = {
  at: 'var IN_NAMESPACE = RESOLVE_IN_ROOT ;',
  replace: 'RESOLVE_IN_ROOT',
  by: '0',
}
const RIGHT_MOUNT: Replacement = {
  at: 'mount === void 0 || stat.mntId === mount.stat.mntId || stat.mntId === mount.asideId ?',
  replace: 'mount === void 0 || stat.mntId === mount.stat.mntId || stat.mntId === mount.asideId',
  by: 'true',
}

/** what the kernel answers to the only unlinkat, which it does not do */
const lying =
  (tool: KillAt, value: number) =>
  (scene: Scene) =>
  (program: string): Promise<Done> =>
    tool.run(['answer', 'unlinkat', 'unlinkat', 1, value], scene.clean, program)

const lie =
  (value: number, verdict: string): Guard['trial'] =>
  (tool) => {
    const scene = world(ordinary)
    return { scene, code: 3, verdicts: [verdict], run: lying(tool, value)(scene) }
  }

/**
 * The link goes out of the tree and another file takes its name between the check and the deletion; `more`: what
 * happens then.
 */
export const swapped = (tool: KillAt, more: (pid: number) => void = () => undefined): Trial => {
  const scene = world(ordinary)
  const moved = `${scene.base}.moved`
  scene.finally(() => remove(moved))
  const link = scene.leftovers[0] ?? ''
  const precious = join(scene.root, 'app/precious')
  return {
    scene,
    code: 9,
    verdicts: ['4 failed'],
    gone: [link, precious],
    run: (program) =>
      tool.pause(
        'unlinkat',
        scene.clean,
        (pid) => {
          fs.renameSync(link, moved)
          fs.renameSync(precious, link)
          more(pid)
        },
        { program },
      ),
  }
}

/** looked at while it is about to delete */
const watched = (look: (pid: number) => string[], make = () => world(ordinary)): Guard['trial'] => {
  return (tool) => {
    const scene = make()
    return {
      scene,
      code: 0,
      verdicts: ['4 removed'],
      gone: scene.leftovers,
      run: (program, problems) => {
        const inherited = fs.openSync('/etc', 'r')
        const watch = (pid: number): void => void problems.push(...look(pid))
        return tool
          .pause('unlinkat', scene.clean, watch, {
            program,
            descriptors: [inherited],
            groups: '7,8',
          })
          .finally(() => {
            fs.closeSync(inherited)
          })
      },
    }
  }
}

const privileges = watched(statusProblems)

/** setns(2) goes to "/" by itself, so that this tree has no namespace of its own */
const ofHostTree = watched(statusProblems, () =>
  hostWorld((scene) => void scene.linkAt('app', scene.dir('app'), 4)),
)

/** in a namespace that passes mounts on, as a machine's own does; says so when one came */
const SHARED = `
  mount --make-rshared / && table=$(cat /proc/self/mountinfo) || exit 125
  "$@"; code=$?
  [ "$table" = "$(cat /proc/self/mountinfo)" ] || echo 'a mount came through' >&2
  exit $code`

export const GUARDS: readonly Guard[] = [
  {
    name: 'a variable that steers the loader',
    replace: 'if (!options.allowEnvironment) refuseEnvironment(env);',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      const words = cleared('LD_LIBRARY_PATH=/nowhere', node)
      return {
        scene,
        code: 5,
        run: (program) => execute('env', [...words, program, ...scene.clean]),
      }
    },
  },
  {
    name: 'inherited descriptors',
    replace: 'for (const fd of withoutLocks(sys, inherited)) sys.close(fd);',
    by: '',
    trial: watched((pid) => descriptorsOf(pid).filter((target) => target === '/etc')),
  },
  {
    name: 'a process at work on the images',
    replace: 'refuseAtWork(whoIsAtWork(sys, images.fd, images.what), images.path);',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      const directory = fs.openSync(scene.images, 'r')
      const child = spawn('sleep', ['60'], { stdio: [directory], env: {} })
      fs.closeSync(directory)
      scene.finally(() => child.kill('SIGKILL'))
      return { scene, code: 6 }
    },
  },
  {
    name: 'an image that is a symbolic link',
    at: 'var READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;',
    replace: '| O_NOFOLLOW',
    by: '',
    trial: ends(7, () =>
      withImage('files.img', (image, scene) => {
        fs.renameSync(image, join(scene.base, 'elsewhere'))
        fs.symlinkSync('../elsewhere', image)
      }),
    ),
  },
  {
    name: 'an image that is a fifo',
    replace: 'if (!stat.isFile()) throw badImages("is not a regular file", { where, next });',
    by: '',
    trial: ends(7, () =>
      withImage('files.img', (image) => {
        remove(image)
        must('mkfifo', [image])
      }),
    ),
  },
  {
    name: 'a version of the images that is not known',
    replace: 'if (version !== 1 && version !== 2)',
    by: 'if (false)',
    trial: ends(7, () =>
      world((scene) => {
        ordinary(scene)
        scene.inventory = { version: 3 }
      }),
    ),
  },
  {
    name: 'the bit of a ghost, before remaps had types',
    at: 'type ?? (remapId >= OLD_GHOST_BIT ? REMAP_TYPE.ghost : REMAP_TYPE.linked)',
    replace: '(remapId >= OLD_GHOST_BIT ? REMAP_TYPE.ghost : REMAP_TYPE.linked)',
    by: '0',
    trial: () => {
      const id = 0x80000004
      const scene = world((s) => {
        s.file(s.at('app'), `link_remap.${id | 0}`)
        s.remap(id, `/app/link_remap.${id | 0}`, { untyped: true })
      })
      // Nothing lists the link: it is left alone, and said so.
      return { scene, code: 4, verdicts: [] }
    },
  },
  {
    name: 'the type of a remap',
    at: 'if (kind === REMAP_TYPE.linked) take(',
    replace: 'kind === REMAP_TYPE.linked',
    by: 'true',
    trial: () => {
      const scene = world((s) => {
        s.file(s.at('app'), 'link_remap.4')
        s.files.push(message.file({ id: 4, name: '/app/link_remap.4' }))
        s.files.push(message.file({ id: 5, name: '/gone', mntId: ROOT_MOUNT, mode: 0o100644 }))
        s.remaps.push(message.remap(5, 4, 1))
      })
      // Nothing lists the link: it is left alone, and said so.
      return { scene, code: 4, verdicts: [] }
    },
  },
  {
    name: 'a file id that two entries claim',
    at: 'if (byId.has(file.id)) ambiguous.add(file.id);',
    replace: 'ambiguous.add(file.id);',
    by: ';',
    trial: isInvalid((scene) => {
      ordinary(scene)
      scene.files.push(message.file({ id: 4, name: '/other/link_remap.4' }))
    }),
  },
  {
    name: 'an entry with two ids',
    replace: 'ambiguous.add(file.id).add(file.reg.id);',
    by: ';',
    trial: isInvalid((scene) => {
      scene.file(scene.at('app'), 'link_remap.4')
      scene.files.push(message.file({ id: 4, name: '/app/link_remap.4' }, 5))
      scene.files.push(message.file({ id: 5, name: '/gone', mntId: ROOT_MOUNT, mode: 0o100644 }))
      scene.remaps.push(message.remap(5, 4, 0))
    }),
  },
  {
    name: 'one entry for the link and its original',
    at: 'if (link === original) return "the entry of the link is also that of the original";',
    replace: 'link === original',
    by: 'false',
    trial: isInvalid((scene) => {
      scene.file(scene.at('app'), 'link_remap.4')
      scene.files.push(message.file({ id: 4, name: '/app/link_remap.4' }))
      scene.remaps.push(message.remap(4, 4, 0))
    }),
  },
  {
    name: 'a path that is not absolute',
    replace: 'if (!path.startsWith("/")) return "is not absolute";',
    by: '',
    trial: isInvalid((scene) => {
      scene.file(scene.at('pp'), 'link_remap.4')
      scene.remap(4, 'app/link_remap.4')
    }),
  },
  {
    name: 'a NUL in a path',
    replace: 'if (path.includes("\\0")) return "contains a NUL byte";',
    by: '',
    trial: isInvalid((scene) => scene.remap(4, '/app\0x/link_remap.4')),
  },
  {
    name: 'an empty component',
    replace: 'if (component === "") return "has an empty component";',
    by: '',
    trial: isInvalid((scene) => {
      scene.file(scene.at('app/x'), 'link_remap.4')
      scene.remap(4, '/app//x/link_remap.4')
    }),
  },
  {
    name: '".." in a path',
    replace: 'if (component === "." || component === "..")',
    by: 'if (false)',
    trial: isInvalid((scene) => {
      scene.file(scene.at('host'), 'link_remap.4')
      scene.remap(4, '/app/../host/link_remap.4')
    }),
  },
  {
    name: 'a name that is not that of a link remap',
    replace: 'if (!isNamed(link.name, remapId))',
    by: 'if (false)',
    trial: isInvalid((scene) => scene.remap(4, '/app/precious')),
  },
  {
    name: 'an entry that is not that of a link',
    replace: 'if (link.mnt_id !== void 0 || link.mode !== void 0 || link.ext)',
    by: 'if (false)',
    trial: isInvalid((scene) => {
      scene.file(scene.at('app'), 'link_remap.4')
      scene.files.push(message.file({ id: 4, name: '/app/link_remap.4', mode: 0o100644 }))
      scene.files.push(message.file({ id: 5, name: '/gone', mntId: ROOT_MOUNT, mode: 0o100644 }))
      scene.remaps.push(message.remap(5, 4, 0))
    }),
  },
  {
    name: 'a link that is not below its mount',
    replace: 'if (!isWithin(dir, mount.mountpoint))',
    by: 'if (false)',
    trial: isInvalid((scene) => {
      volume(scene)
      // What is left of it without as many bytes as the mountpoint has is "x".
      scene.file(scene.dir('volume/x'), 'link_remap.4')
      scene.remap(4, '/dirt/x/link_remap.4', { mntId: VOLUME_MOUNT })
    }),
  },
  {
    name: '--root with a tree of the host',
    replace: 'if (root !== void 0 && root !== ROOT && checkpoint.remaps.length > 0)',
    by: 'if (false)',
    trial: ends(5, () =>
      hostWorld((scene) => {
        scene.linkAt('app', scene.dir('app'), 4)
        scene.options.push('-r', scene.root)
      }),
    ),
  },
  {
    name: "--root / with another tree's images",
    replace: 'if (options.root === ROOT) refuseForeignHostRoot(checkpoint, options);',
    by: '',
    trial: ends(5, () =>
      hostWorld((scene) => {
        scene.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...DEVICE.root })
        scene.linkAt('app', scene.dir('app'), 4, ROOT_MOUNT)
        scene.options.push('-r', '/')
      }),
    ),
  },
  {
    name: '--root that is a symbolic link',
    at: 'silence : sys.tryOpenat(AT_FDCWD, path, O_PATH | O_NOFOLLOW);',
    replace: '| O_NOFOLLOW',
    by: '',
    trial: ends(2, () => {
      const scene = world(ordinary)
      fs.symlinkSync('rootfs', join(scene.base, 'root'))
      scene.options.push('-r', join(scene.base, 'root'))
      return scene
    }),
  },
  {
    name: "a caller's directory that is a symbolic link",
    at: 'sys.tryOpenat(AT_FDCWD, provider.path, O_PATH | O_NOFOLLOW)',
    replace: '| O_NOFOLLOW',
    by: '',
    trial: isKept('unreachable', (scene) => {
      volume(scene)
      scene.linkAt('elsewhere', '/data', 4, VOLUME_MOUNT)
      remove(scene.dir('volume'))
      fs.symlinkSync('elsewhere', join(scene.base, 'volume'))
    }),
  },
  {
    name: 'a symbolic link below a directory of the caller',
    at: 'var BENEATH_MOUNT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |',
    replace: 'RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |',
    by: '',
    trial: isKept('unreachable', (scene) => {
      volume(scene)
      scene.dir('rootfs/bind')
      const bind = { mntId: 52, parent: ROOT_MOUNT, mountpoint: '/bind', root: '/v/sub' }
      scene.rows.push({ ...bind, ...DEVICE.first })
      scene.linkAt('volume/elsewhere', '/bind', 4, 52)
      fs.symlinkSync('elsewhere', join(scene.base, 'volume/sub'))
    }),
  },
  {
    name: 'a file system that the images name and the caller does not',
    at: 'if (row !== void 0 && (options.root === ROOT || options.externals.auto))',
    replace: '&& (options.root === ROOT || options.externals.auto)',
    by: '',
    trial: isKept('unreachable', (scene) => {
      memory(scene)
      scene.linkAt('memory', '/mem', 4, VOLUME_MOUNT)
    }),
  },
  {
    name: 'a file system in memory that lives on',
    at: 'if (sightings.some(isAlive)) return "alive";',
    replace: 'sightings.some(isAlive)',
    by: 'false',
    trial: isKept('unreachable', (scene) => {
      memory(scene)
      scene.linkAt('memory', '/mem', 4, VOLUME_MOUNT)
    }),
  },
  {
    name: 'a second look for a file system that lives on',
    at: 'if (isSettled(looked) || looks === LOOKS) return looked;',
    replace: 'isSettled(looked) || looks === LOOKS',
    by: 'true',
    // Its namespace ends while it is looked at, which holds it for just that long.
    trial: (tool) => {
      let end = (): void => undefined
      const scene = world((s) => {
        end = memoryElsewhere(s)
        s.remap(4, '/mem/link_remap.4', { mntId: VOLUME_MOUNT })
      })
      return {
        scene,
        code: 0,
        verdicts: ['4 vanished'],
        run: (program) => tool.pause('setns', scene.clean, end, { program }),
      }
    },
  },
  {
    name: 'a file system with the number of one that died',
    at: 'if (provider.kind !== "host" || btime === void 0 || !isAfter(btime, end)) return false;',
    replace: 'provider.kind !== "host" || btime === void 0 || !isAfter(btime, end)',
    by: 'true',
    trial: () => {
      const scene = world((s) => {
        memory(s)
        s.options.push('--external', 'mnt[]')
        s.remap(4, '/mem/link_remap.4', { mntId: VOLUME_MOUNT })
      })
      const before = Date.now() / 1000 - 5
      for (const name of fs.readdirSync(scene.images))
        fs.utimesSync(images(scene, name), before, before)
      return { scene, code: 0, verdicts: ['4 vanished'] }
    },
  },
  {
    name: 'mounts that are passed on to the machine',
    replace: 'sys.setPropagation(ROOT, MS_REC | MS_PRIVATE);',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      const inShared = ['--mount', 'sh', '-c', SHARED, 'sh', node]
      return {
        scene,
        code: 0,
        verdicts: ['4 removed'],
        gone: scene.leftovers,
        run: async (program, problems) => {
          const words = cleared('unshare', ...inShared, program, ...scene.clean)
          const done = await execute('env', words)
          if (done.stderr.includes('a mount came through')) problems.push(done.stderr)
          return done
        },
      }
    },
  },
  {
    name: 'privileges',
    at: 'dropPrivileges(sys); const collected',
    replace: 'dropPrivileges(sys);',
    by: '',
    trial: privileges,
  },
  { name: 'privileges: working directory', replace: 'sys.chdir("/");', by: '', trial: ofHostTree },
  { name: 'privileges: groups', replace: 'sys.dropGroups();', by: '', trial: privileges },
  {
    name: 'privileges: the other threads',
    replace: 'sys.setresuid(NOBODY);',
    by: '',
    trial: privileges,
  },
  {
    name: 'privileges: the two that are kept',
    replace: 'sys.capset(KEPT, KEPT);',
    by: '',
    trial: privileges,
  },
  {
    name: 'privileges: the bounding set',
    replace: 'sys.tryPrctl(PR_CAPBSET_DROP, capability);',
    by: 'capability > 40 ? -22 : 0;',
    trial: privileges,
  },
  {
    name: 'privileges: no new ones',
    replace: 'sys.prctl(PR_SET_NO_NEW_PRIVS, 1);',
    by: '',
    trial: privileges,
  },
  {
    name: 'the filter of system calls',
    at: 'if (program !== void 0) sys.seccomp(',
    replace: 'program !== void 0',
    by: 'false',
    trial: privileges,
  },
  {
    name: 'the filter of system calls, in the other threads',
    at: 'sys.seccomp(SECCOMP_FILTER_FLAG_TSYNC, program)',
    replace: 'SECCOMP_FILTER_FLAG_TSYNC',
    by: '0',
    trial: privileges,
  },
  {
    name: 'a symbolic link on the way',
    ...NO_SYMLINKS,
    trial: isKept('unsafe-path', (scene) => {
      scene.linkAt('rootfs/elsewhere', '/app', 4, ROOT_MOUNT)
      remove(join(scene.root, 'app'))
      fs.symlinkSync('elsewhere', join(scene.root, 'app'))
    }),
  },
  {
    name: 'the root of the namespace',
    ...IN_ROOT,
    behind: [NO_SYMLINKS, RIGHT_MOUNT],
    trial: escaping(3, '4 kept unreachable'),
  },
  {
    name: 'the mount of the directory',
    ...RIGHT_MOUNT,
    behind: [NO_SYMLINKS, IN_ROOT],
    trial: escaping(3, '4 kept wrong-mount'),
  },
  {
    name: 'an empty directory in the place of the rootfs',
    replace: 'if (!isReached) return "unreached";',
    by: '',
    trial: isKept('unreachable', (scene) => {
      scene.remap(4, '/app/link_remap.4')
      remove(join(scene.root, 'app'))
    }),
  },
  {
    name: 'an empty directory in the place of a volume',
    at: 'place.is === "the-one" || !isMountRoot(first, mount) || !isEmptyDirectory(this.sys, fd)',
    replace: '!isMountRoot(first, mount) || !isEmptyDirectory(this.sys, fd)',
    by: 'true',
    trial: isKept('unreachable', (scene) => {
      volume(scene)
      scene.remap(4, '/data/link_remap.4', { mntId: VOLUME_MOUNT })
    }),
  },
  {
    name: 'a volume that does not answer',
    replace:
      'if (remote) mustAnswer(provider, sys.answers(top, relative(provider.sub), BENEATH_MOUNT));',
    by: '',
    behind: [HOST_PATH],
    needsFuse: true,
    trial: silent('nothing', '4 kept unreachable'),
  },
  {
    name: 'a path of the host that does not answer',
    ...HOST_PATH,
    // as --root or --external may be: below the place of the mount
    needsFuse: true,
    trial: silent('all but names', '4 kept unreachable', 'sub'),
  },
  {
    name: 'a directory that does not answer',
    at: 'const silence = asksFirst ? this.ask(mount, remap) : void 0;',
    replace: 'asksFirst ?',
    by: 'false ?',
    needsFuse: true,
    trial: silent('all but names', '4 failed ETIMEDOUT'),
  },
  {
    name: 'a link that does not answer',
    at: '(asksFirst ? this.directories.ask(mount, remap, remap.base) : void 0)',
    replace: 'asksFirst ?',
    by: 'false ?',
    needsFuse: true,
    trial: silent('all but links', '4 failed ETIMEDOUT'),
  },
  {
    name: 'a mountpoint that does not answer',
    replace: 'if (asksFirst)',
    by: 'if (false)',
    needsFuse: true,
    trial: silent('all but names', '4 removed', '.', (scene) => {
      scene.external('w', 'other')
      const row = {
        mntId: 52,
        parent: VOLUME_MOUNT,
        mountpoint: '/data/sub',
        root: '/w',
        extKey: 'w',
      }
      scene.rows.push({ ...row, ...DEVICE.first })
      scene.linkAt('other', '/data/sub', 4, 52)
    }),
  },
  {
    name: 'a symbolic link with the name of the link',
    at: 'sys.tryOpenat(place.fd, base, O_PATH | O_NOFOLLOW)',
    replace: '| O_NOFOLLOW',
    by: '',
    trial: isKept('type', (scene) => {
      scene.remap(4, '/app/link_remap.4')
      fs.symlinkSync('precious', join(scene.root, 'app/link_remap.4'))
    }),
  },
  {
    name: 'the type of the file',
    replace: 'if (!isType) return "type";',
    by: '',
    trial: isKept('type', (scene) => {
      scene.remap(4, '/app/link_remap.4')
      must('mkfifo', [join(scene.root, 'app/link_remap.4')])
    }),
  },
  {
    name: 'a directory, though the images say that it was one',
    at: 'isType: type === expected && type !== S_IFDIR,',
    replace: '&& type !== S_IFDIR',
    by: '',
    trial: isKept('type', (scene) => {
      scene.remap(4, '/app/link_remap.4', { says: { mode: 0o040755 } })
      scene.dir('rootfs/app/link_remap.4')
    }),
  },
  {
    name: 'something that is mounted on it on this machine',
    at: '(stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0 || options.isMountpoint(base, place.address)',
    replace: '|| options.isMountpoint(base, place.address)',
    by: '',
    trial: isKept('mountpoint', (scene) => {
      const link = ordinary(scene)
      mount('--bind', join(scene.root, 'app/precious'), link)
      // Gone already where the mutant took it away with its mount point.
      scene.finally(() => must('sh', ['-c', 'umount -l "$1" 2>/dev/null || true', 'sh', link]))
    }),
  },
  {
    name: 'something that is mounted on it in the namespace',
    at: '(stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0 || options.isMountpoint(base, place.address)',
    replace: '(stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0',
    by: 'false',
    trial: isKept('mountpoint', (scene) => {
      ordinary(scene)
      const file = join(scene.base, 'file')
      fs.writeFileSync(file, '')
      scene.options.push('--external', `mnt[f]:${file}`, '--mounts', 'all')
      const mountpoint = '/app/link_remap.4'
      const row = { mntId: 52, parent: ROOT_MOUNT, mountpoint, root: '/f', extKey: 'f' }
      scene.rows.push({ ...row, ...DEVICE.first })
    }),
  },
  {
    name: 'an immutable file',
    needsChattr: true,
    replace: 'return isImmutable ? "immutable" : void 0;',
    by: '',
    trial: isKept('immutable', (scene) => {
      const link = ordinary(scene)
      must('chattr', ['+i', link])
      scene.finally(() => must('chattr', ['-i', link]))
    }),
  },
  {
    name: 'a link that is older than the dump',
    replace: 'if (changed === "before" && !accepts("older")) return OLD_LINK;',
    by: '',
    trial: isKept('older', (scene) => {
      ordinary(scene)
      grow(scene)
      changed(scene)
    }),
  },
  {
    name: 'a directory in which nothing happened since the dump began',
    replace: 'if (changed === "before") return "unchanged";',
    by: '',
    trial: isKept('unreachable', (scene) => {
      fs.mkdirSync(join(scene.root, 'app/sub'))
      scene.remap(4, '/app/sub/link_remap.4')
      grow(scene)
    }),
  },
  {
    name: 'a directory that was made after the dump',
    replace: 'if (born === "after") return "made-later";',
    by: '',
    trial: () => {
      const scene = world((s) => s.remap(4, '/app/sub/link_remap.4'))
      scene.dir('rootfs/app/sub')
      return { scene, code: 3, verdicts: ['4 kept unreachable'] }
    },
  },
  {
    name: 'another directory of the disk than the one that was mounted',
    replace: 'if (!isSamePath) return elsewhere("path");',
    by: '',
    trial: isKept('elsewhere', (scene) => {
      ordinary(scene)
      const dev = fs.statSync(scene.root).dev
      const [row] = scene.rows
      Object.assign(row as object, { major: (dev >> 8) & 0xfff, minor: minorOf(dev), root: '/c' })
    }),
  },
  {
    name: 'a link that is newer than the images',
    replace:
      'if (changed === "after" && directoryChanged === "after" && !accepts("newer")) return BOTH;',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      const link = scene.leftovers[0] ?? ''
      fs.unlinkSync(link)
      scene.reset = () => undefined
      fs.linkSync(join(scene.root, 'app/survivor of link_remap.4'), link)
      return { scene, code: 3, verdicts: ['4 kept newer'] }
    },
  },
  {
    name: 'a directory in which nothing was made since the dump',
    at: 'if (changed === "after" && directoryChanged === "after" && !accepts("newer")) return BOTH;',
    replace: '&& directoryChanged === "after"',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      fs.linkSync(join(scene.root, 'app/survivor of link_remap.4'), join(scene.base, 'elsewhere'))
      return { scene, code: 0, verdicts: ['4 removed'], gone: scene.leftovers }
    },
  },
  {
    name: 'the size of the file',
    replace: 'if (!facts.isSize && !accepts("mismatch")) return SIZE;',
    by: '',
    trial: () => {
      const scene = world((s) => {
        s.file(s.at('app'), 'link_remap.4')
        s.remap(4, '/app/link_remap.4', { size: 1 })
      })
      changed(scene)
      return { scene, code: 3, verdicts: ['4 kept mismatch'] }
    },
  },
  {
    name: 'the permissions of the file',
    replace: 'if (!facts.isMode && !accepts("mismatch")) return MODE;',
    by: '',
    trial: () => {
      const scene = world((s) => {
        s.file(s.at('app'), 'link_remap.4')
        s.remap(4, '/app/link_remap.4', { says: { mode: 0o100600 } })
      })
      changed(scene)
      return { scene, code: 3, verdicts: ['4 kept mismatch'] }
    },
  },
  {
    name: 'size and permissions, in a directory that may be another',
    at: 'if (facts.place === "the-one" && directoryChanged === "within") return OWN;',
    replace: 'facts.place === "the-one" &&',
    by: '',
    trial: isKept('mismatch', (scene) => {
      scene.file(scene.at('app'), 'link_remap.4')
      scene.remap(4, '/app/link_remap.4', { size: 1 })
    }),
  },
  {
    name: 'size and permissions, where the directory was changed since',
    at: 'if (facts.place === "the-one" && directoryChanged === "within") return OWN;',
    replace: '&& directoryChanged === "within"',
    by: '',
    trial: () => {
      const scene = hostWorld((s) => {
        const link = s.file(s.dir('app'), 'link_remap.4')
        s.remap(4, link, { size: 1 })
      })
      fs.writeFileSync(join(scene.dir('app'), 'later'), '')
      return { scene, code: 3, verdicts: ['4 kept mismatch'] }
    },
  },
  {
    name: 'a directory that did not change since before the dump',
    replace: 'if (directoryChanged === "before" && !accepts("older")) return OLD_DIRECTORY;',
    by: '',
    trial: isKept('older', (scene) => {
      ordinary(scene)
      grow(scene)
      // the link is fresh, its directory is not
      const link = scene.leftovers[0] ?? ''
      fs.chmodSync(link, 0o600)
      fs.chmodSync(link, 0o644)
    }),
  },
  {
    name: 'a file that was made after the dump',
    replace: 'if (born === "after" && !accepts("newer")) return BORN;',
    by: '',
    trial: () => {
      const scene = world(ordinary)
      const [link = ''] = scene.leftovers
      // what the directory shows is as old as the dump: by the clock of the copy
      const kept = join(scene.root, 'app/survivor of link_remap.4')
      fs.cpSync(kept, `${kept}.new`)
      fs.unlinkSync(link)
      scene.reset = () => undefined
      fs.linkSync(`${kept}.new`, link)
      fs.unlinkSync(`${kept}.new`)
      scene.options.push('--accept', 'mismatch')
      return {
        scene,
        code: 3,
        verdicts: ['4 kept newer'],
        run: async (program, problems) => {
          const done = await run(scene.clean, program)
          if (!done.stdout.includes('its file was made')) problems.push('not for its birth')
          return done
        },
      }
    },
  },
  {
    name: 'another upper directory than that of the dump',
    at: 'given.isUpper || given.upper === recorded.upper && given.path === recorded.root ? THE_ONE : elsewhere(given.upper === recorded.upper ? "path" : "upper")',
    replace: 'elsewhere(given.upper === recorded.upper ? "path" : "upper")',
    by: 'POSSIBLE',
    trial: isKept('elsewhere', (scene) => {
      ordinary(scene)
      const [row] = scene.rows
      const options = `lowerdir=/l,upperdir=${scene.base}/upper,workdir=/w`
      Object.assign(row as object, { fstype: 17, root: '/', options })
    }),
  },
  {
    name: 'a tmpfs that became a disk',
    replace: 'if (recorded.fstype === "tmpfs" && isDisk(given.device)) return elsewhere("kind");',
    by: '',
    trial: isKept('elsewhere', (scene) => {
      volume(scene)
      scene.linkAt('volume', '/data', 4, VOLUME_MOUNT)
      const row = scene.rows.find(({ mntId }) => mntId === VOLUME_MOUNT)
      Object.assign(row as object, { fstype: 5, root: '/v' })
    }),
  },
  {
    name: 'the last name of a file, where it is to be kept',
    replace: 'options.keepLastLink && this.isLast(stat)',
    by: 'false',
    trial: isKept('last-link', (scene) => {
      const link = ordinary(scene)
      remove(join(link, '../survivor of link_remap.4'))
      scene.options.push('--keep-last-link')
    }),
  },
  {
    name: 'a deletion that was none',
    at: 'if (nlink < before.nlink) {',
    replace: 'nlink < before.nlink',
    by: 'true',
    trial: lie(0, '4 failed'),
  },
  {
    name: 'a deletion that was none, seen by its name',
    replace: 'if (now !== void 0 && isSameInode(now, before)) return STILL_THERE;',
    by: '',
    trial: lie(0, '4 failed'),
  },
  {
    name: 'ENOENT for a file that is there',
    at: 'if (result === ENOENT && isGone(sys, directory, name))',
    replace: '&& isGone(sys, directory, name)',
    by: '',
    trial: lie(-2, '4 failed ENOENT'),
  },
  {
    name: 'another file under the name that was checked',
    at: 'if (nlink < before.nlink) {',
    replace: 'nlink < before.nlink',
    by: 'true',
    trial: (tool) => swapped(tool),
  },
]
