// Root file systems and images that somebody made to have the wrong thing removed, each on a disk, on an
// overlay and, where that is another case, on a tmpfs. The numbers are those of the threat model.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { remap as encodeRemap } from '../encode/messages.js'
import { must } from '../rig/command.js'
import { gc, verdicts } from '../rig/gc.js'
import { DATA_MOUNT, later, ROOT_MOUNT } from '../rig/hand-made.js'
import { mountinfo } from '../rig/mountinfo.js'
import { needs, needsChattr } from '../rig/needs.js'
import {
  chattr,
  check,
  liveNamespace,
  newWorld,
  placeOf,
  test,
  unchanged,
  type Expected,
  type Kind,
  type World,
} from './rig.js'

interface Case {
  /** of the threat model; letters tell variants */
  number: string
  name: string
  /** disk and overlay unless given */
  on?: Kind[]
  alone?: true
  /** why this machine cannot */
  skip?: string | false
  act: (world: World, t: Test) => Expected | Promise<Expected>
}

const cases: Case[] = []
const define = (
  number: string,
  name: string,
  act: Case['act'],
  rest: Partial<Pick<Case, 'on' | 'alone' | 'skip'>> = {},
): void => {
  cases.push({ number, name, act, ...rest })
}

const UNSAFE = { verdicts: ['4 kept unsafe-path'] }
const WRONG_TYPE = { verdicts: ['4 kept type'] }
const INVALID = { verdicts: ['4 kept invalid'] }
const removed = (...paths: string[]): Expected => ({ verdicts: ['4 removed'], removed: paths })
const KEPT_UNREACHABLE = { verdicts: ['4 kept unreachable'] }

/** /app of the images is something else now */
const inPlaceOfApp = (make: (world: World, app: string) => void) => (world: World) => {
  make(world, world.at('app'))
  world.remap(4, '/app/link_remap.4')
  return UNSAFE
}
define(
  '1',
  'a parent is an absolute symbolic link to the host',
  inPlaceOfApp((world, app) => fs.symlinkSync(world.host, app)),
)
define(
  '2',
  'a parent is a relative symbolic link out of the rootfs',
  inPlaceOfApp((_, app) => fs.symlinkSync('../host', app)),
)
define(
  '3',
  'a parent is a symbolic link inside the rootfs',
  inPlaceOfApp((world, app) => {
    world.file(world.at('elsewhere'), 'link_remap.4')
    fs.symlinkSync('elsewhere', app)
  }),
)
define('4', '".." in the name', (world) => {
  world.remap(4, '/good/../../host/link_remap.4')
  return { ...INVALID, says: /has a component \\?"\.\.\\?"/ }
})
define('5', 'a parent leads through a magic link of /proc', (world) => {
  world.remap(4, `/proc/${process.pid}/root${world.host}/link_remap.4`, { mntId: DATA_MOUNT })
  fs.mkdirSync(world.at('proc'))
  const place = placeOf('/proc')
  world.rows.push({
    mntId: DATA_MOUNT,
    parent: ROOT_MOUNT,
    mountpoint: '/proc',
    extKey: 'proc',
    fstype: 1,
    ...place,
  })
  world.options = ['--external', 'mnt[proc]:/proc']
  return UNSAFE
})
define('5b', 'the /proc in the rootfs is not entered', (world) => {
  world.remap(4, `/proc/self/root${world.host}/link_remap.4`)
  fs.mkdirSync(world.at('proc'))
  world.cover()
  world.mount('--bind', '/proc', world.at('proc'))
  return { verdicts: ['4 absent parent-gone unproven'] }
})
define(
  '6',
  'parents are symbolic links to each other',
  inPlaceOfApp((world, app) => {
    fs.symlinkSync('loop', app)
    fs.symlinkSync('app', world.at('loop'))
  }),
)

/** the name of the link is taken by something else, of the same age */
const inPlaceOfLink = (make: (path: string, world: World) => void) => (world: World) => {
  make(world.place('app', 4), world)
  return WRONG_TYPE
}
define(
  '7',
  'the link is a symbolic link to /etc/passwd',
  inPlaceOfLink((path) => fs.symlinkSync('/etc/passwd', path)),
)
define(
  '8',
  'the link is a fifo, the original was a file',
  inPlaceOfLink((path) => must('mkfifo', [path])),
)
define('8b', 'the link is a fifo, and so was the original', (world) => {
  must('mkfifo', [world.place('app', 4, { says: { mode: 0o010644, size: 0 } })])
  return removed(join(world.root, 'app/link_remap.4'))
})
define(
  '9',
  'the link is a directory',
  inPlaceOfLink((path) => fs.mkdirSync(path)),
)
define('9b', 'the link is a directory, and the images say that it was one', (world) => {
  fs.mkdirSync(world.place('app', 4, { says: { mode: 0o040755 } }))
  return WRONG_TYPE
})
define(
  '10',
  'the link is a character device',
  inPlaceOfLink((path) => must('mknod', [path, 'c', '1', '3'])),
)
define(
  '11',
  'the link is a socket',
  inPlaceOfLink((path) => makeSocket(path)),
)
function makeSocket(path: string): void {
  // it dies by a signal, because a server that closes removes its socket
  const script = `require('net').createServer().listen(process.argv[1],()=>process.kill(process.pid,9))`
  spawnSync(process.execPath, ['-e', script, path], { env: {} })
}

/** after the dump something was created beside the link */
const touchDirectory = (world: World, dir: string) => (): void => {
  later()
  fs.writeFileSync(join(world.root, dir, 'created later'), '')
}
define('12', 'the link is a hard link to a precious file, made after the dump', (world) => {
  const path = world.place('app', 4)
  return {
    verdicts: ['4 kept newer'],
    after: () => {
      later()
      fs.linkSync(join(path, '../precious'), path)
    },
  }
}) // prettier-ignore
define('12b', 'an older hard link of another size, in a directory that changed', (world) => {
  world.link('app', 4, { size: 11, says: { size: 10 } })
  return {
    verdicts: ['4 kept mismatch'],
    after: touchDirectory(world, 'app'),
    says: /it has 11 bytes, the dumped file had 10/,
  }
})
define('12c', 'the same with --force', (world) => {
  const link = world.link('app', 4, { size: 11, says: { size: 10 } })
  world.options = ['--force']
  return { ...removed(link), after: touchDirectory(world, 'app') }
})
define(
  '13',
  'the last name of its file: removed as CRIU would, and said so',
  (world, t) => {
    const link = world.link('app', 4, { names: 1 })
    return { ...removed(link), afterwards: ({ report }) => t.equal(report?.remaps?.[1]?.nlink, 1) }
  },
  { on: ['disk', 'overlay', 'lower', 'tmpfs'] },
)
define(
  '13b',
  'the last name of its file with --keep-last-link',
  (world) => {
    world.link('app', 4, { names: 1 })
    world.options = ['--keep-last-link']
    return { verdicts: ['4 kept last-link'] }
  },
  { on: ['disk', 'overlay', 'lower', 'tmpfs'] },
)
define('14', 'other permissions, in a directory that changed', (world) => {
  world.link('app', 4, { mode: 0o640, says: { mode: 0o100600 } })
  return {
    verdicts: ['4 kept mismatch'],
    after: touchDirectory(world, 'app'),
    says: /its permissions are 0640, the dumped file had 0600/,
  }
})
/**
 * On a disk the directory is known to be the one that the images recorded, so that its name is proof
 * enough; of a file system without a device that cannot be known.
 */
const removedWhereProven = (world: World, link: string): Expected =>
  world.kind === 'disk' ? removed(link) : { verdicts: ['4 kept mismatch'] }

define('14b', 'other permissions, in a directory that did not change', (world) =>
  removedWhereProven(world, world.link('app', 4, { mode: 0o640, says: { mode: 0o100600 } })),
)
define('15', 'another size, in a directory that did not change', (world) =>
  removedWhereProven(world, world.link('app', 4, { size: 11, says: { size: 10 } })),
)
define(
  '16',
  'a file that was made after the dump',
  (world) => {
    const path = world.place('app', 4)
    return {
      verdicts: ['4 kept newer'],
      after: () => {
        later()
        fs.writeFileSync(inRoot(world, path), 'x'.repeat(10))
      },
      says: /its file was made .* after the dump .*--accept newer/s,
    }
  },
  { on: ['disk', 'overlay', 'lower', 'tmpfs'] },
)
/** where a path that was built is when the overlay is mounted */
const inRoot = (world: World, path: string): string => path.replace(world.at(), world.root)
define('17', 'a newer change of the file, in a directory that changed', (world) => {
  const link = world.link('app', 4)
  return {
    verdicts: ['4 kept newer'],
    after: () => {
      touchDirectory(world, 'app')()
      fs.utimesSync(link, 1, 1)
    },
  }
})
define('17b', 'the same with --force', (world) => {
  const link = world.link('app', 4)
  world.options = ['--force']
  return {
    ...removed(link),
    after: () => {
      touchDirectory(world, 'app')()
      fs.utimesSync(link, 1, 1)
    },
  }
})
define('17c', 'a newer change of the file, in a directory that did not change', (world) => {
  const link = world.link('app', 4)
  return {
    ...removed(link),
    after: () => {
      later()
      fs.utimesSync(link, 1, 1)
    },
  }
})
define('17d', 'a newer directory, with the file as it was', (world) => ({
  ...removed(world.link('app', 4)),
  after: touchDirectory(world, 'app'),
}))
define(
  '18',
  'an immutable file',
  (world) => {
    const link = world.link('app', 4)
    return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'i', link) }
  },
  { skip: needsChattr() },
)
define(
  '18b',
  'an append-only file',
  (world) => {
    const link = world.link('app', 4)
    return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'a', link) }
  },
  { skip: needsChattr() },
)
define(
  '18c',
  'an immutable file with --force',
  (world) => {
    const link = world.link('app', 4)
    world.options = ['--force']
    return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'i', link) }
  },
  { skip: needsChattr() },
)
define(
  '19',
  'an append-only parent',
  (world) => {
    const link = world.link('app', 4)
    return { verdicts: ['4 failed EPERM'], after: () => chattr(world, 'a', join(link, '..')) }
  },
  { skip: needsChattr() },
)
define(
  '20',
  'the rootfs is mounted read-only',
  (world) => {
    world.link('app', 4)
    return {
      verdicts: ['4 failed EROFS'],
      after: () => {
        world.mount('--bind', world.root, world.root)
        must('mount', ['-o', 'remount,bind,ro', world.root])
      },
    }
  },
  { on: ['disk', 'overlay', 'tmpfs'], alone: true },
)
define(
  '21',
  'a parent is missing',
  (world) => {
    world.remap(4, '/app/gone/link_remap.4')
    return { verdicts: ['4 absent parent-gone unproven'] }
  },
  { on: ['disk', 'overlay', 'lower', 'tmpfs'] },
)
define('22', 'a parent is a file', (world) => {
  fs.writeFileSync(world.at('app'), '')
  world.remap(4, '/app/link_remap.4')
  return { verdicts: ['4 failed ENOTDIR'] }
})
define('22b', "a parent's parent is a file", (world) => {
  fs.writeFileSync(world.at('app'), '')
  world.remap(4, '/app/dir/link_remap.4')
  return { verdicts: ['4 failed ENOTDIR'] }
})
define('23', 'a parent that only a foreign user may enter', (world) => {
  const link = world.link('app', 4)
  fs.chownSync(world.at('app'), 4242, 4242)
  fs.chmodSync(world.at('app'), 0o700)
  return removed(link)
})
define('24', 'a sticky directory of one user with the file of another', (world) => {
  const link = world.link('app', 4)
  fs.chownSync(world.at('app/link_remap.4'), 4243, 4243)
  fs.chownSync(world.at('app'), 4242, 4242)
  fs.chmodSync(world.at('app'), 0o1777)
  return removed(link)
})
define('25', 'newline, escape and quotes in a parent', (world) =>
  removed(world.link(`a\n\x1b[2J'"\\ b`, 4)),
)
define('26', 'a parent that is not UTF-8', (world, t) => {
  const latin1 = Buffer.from('caf\xe9', 'latin1')
  const dir = Buffer.concat([Buffer.from(`${world.root}/`), latin1])
  const at = (name: string): Buffer => Buffer.concat([dir, Buffer.from(`/${name}`)])
  fs.mkdirSync(dir)
  // what a decoder of text would make of it
  world.file(world.at('caf\ufffd'), 'link_remap.4')
  for (const name of ['link_remap.4', 'link_remap.6']) fs.writeFileSync(at(name), 'x'.repeat(10))
  const link = Buffer.concat([Buffer.from('/'), latin1, Buffer.from('/link_remap.4')])
  world.remap(4, link)
  return {
    verdicts: ['4 removed'],
    removed: [at('link_remap.4')],
    afterwards: ({ report }) => t.equal(report?.remaps?.[1]?.linkBase64, link.toString('base64')),
  }
})
define('27', 'a NUL byte in the name', (world) => {
  world.link('app', 6)
  world.remap(4, '/app/link_remap.6\0/link_remap.4')
  return {
    verdicts: ['6 removed', '4 kept invalid'],
    removed: [join(world.root, 'app/link_remap.6')],
  }
})
define('28', 'a component of 255 bytes', (world) => removed(world.link('n'.repeat(255), 4)))
define('28b', 'a component of 256 bytes', (world) => {
  world.remap(4, `/${'n'.repeat(256)}/link_remap.4`)
  return { ...INVALID, says: /longer than 255 bytes/ }
})
/** on a volume with a shorter path on this machine, so that the rig can look at it too */
const longPath = (length: number) => (world: World) => {
  const mountpoint = `/${'m'.repeat(250)}`
  const name = '/link_remap.4'
  let dir = ''
  while (length - mountpoint.length - dir.length - name.length > 102) dir += `/${'d'.repeat(100)}`
  const rest = length - mountpoint.length - dir.length - name.length
  dir += `/${'e'.repeat(rest - 1)}`
  fs.mkdirSync(world.at(mountpoint))
  world.rows.push({ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint, extKey: 'data' })
  world.options = ['--external', `mnt[data]:${world.volume}`]
  const link = world.file(join(world.volume, dir), 'link_remap.4')
  world.remap(4, `${mountpoint}${dir}${name}`, { mntId: DATA_MOUNT })
  return link
}
define('28c', 'a path of 4095 bytes', (world) => removed(longPath(4095)(world)))
define('28d', 'a path of 4096 bytes', (world) => {
  longPath(4096)(world)
  return { ...INVALID, says: /longer than 4095 bytes/ }
})
define('29', '--root is a symbolic link', (world) => {
  fs.symlinkSync('rootfs', join(world.base, 'link'))
  world.options = ['-r', join(world.base, 'link')]
  return { code: 2, says: /--root .*is a symbolic link/ }
})
const foreignRoot = { code: 5, says: /the host's own root, but the tree had another/ }
define('30', '--root is "/", the tree had another root', (world) => {
  world.rows[0] = { mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', major: 254, minor: 0xffff0 }
  world.options = ['-r', '/']
  return foreignRoot
})
define('30b', '--root is the root of this machine by another path', (world) => {
  fs.mkdirSync(join(world.base, 'slash'))
  world.mount('--bind', '/', join(world.base, 'slash'))
  world.options = ['-r', join(world.base, 'slash')]
  return foreignRoot
})
define('31', 'another mount covers the parent, on this machine', (world) => {
  const link = world.link('app', 4)
  world.cover()
  world.mount('-t', 'tmpfs', 'tmpfs', world.at('app'))
  world.victims(world.at('app'))
  return { ...removed(link), also: world.at('app') }
})
// Names of mount points are looked at on the whole machine: no other test may use these ids.
define('32', 'a file is mounted over the link, on this machine', (world) => {
  const link = world.link('app', 3200)
  world.mount('--bind', join(world.host, 'precious'), link)
  return { verdicts: ['3200 kept mountpoint'] }
})
define('32b', 'a file is mounted over the link, in a live container', async (world, t) => {
  const link = world.link('app', 3202)
  const script = 'mount --bind "$1" "$2"'
  const pid = await liveNamespace(t, script, [join(world.host, 'precious'), link])
  const mounts = mountinfo(pid)
  world.options = ['--force']
  return {
    verdicts: ['3202 kept mountpoint'],
    afterwards: () =>
      t.strictSame(mountinfo(pid), mounts, 'the mount in the container is still there'),
  }
})
define('32c', 'the same in a container that has another root', async (world, t) => {
  const link = world.link('app', 3204)
  fs.mkdirSync(world.at('old'))
  // its table then has its own paths only
  const script = 'mount --bind "$1" "$1" && mount --bind "$2" "$3" && cd "$1" && pivot_root . old'
  const precious = join(world.host, 'precious')
  const pid = await liveNamespace(t, script, [world.root, precious, link])
  const mounts = mountinfo(pid)
  return {
    verdicts: ['3204 kept mountpoint'],
    afterwards: () =>
      t.strictSame(mountinfo(pid), mounts, 'the mount in the container is still there'),
  }
})
define(
  '32d',
  'a mount on a file of that name on another disk keeps nobody from it',
  async (world, t) => {
    const link = world.link('app', 3206)
    const script = 'mount -t tmpfs tmpfs "$2" && : > "$2/$3" && mount --bind "$1" "$2/$3"'
    const precious = join(world.host, 'precious')
    await liveNamespace(t, script, [precious, world.volume, 'link_remap.3206'])
    return { verdicts: ['3206 removed'], removed: [link] }
  },
  { on: ['disk'] },
)
define('33', 'another mount covers the parent, in a live container', async (world, t) => {
  const link = world.link('app', 4)
  const pid = await liveNamespace(t, 'mount -t tmpfs tmpfs "$1"', [world.at('app')])
  const mounts = mountinfo(pid)
  return {
    ...removed(link),
    afterwards: () =>
      t.strictSame(mountinfo(pid), mounts, 'the mount in the container is still there'),
  }
})
/** CRIU cannot have made this link: but what the images say decides on which mount it is */
const covered = (world: World): string => {
  world.rows.push({
    mntId: DATA_MOUNT,
    parent: ROOT_MOUNT,
    mountpoint: '/app',
    extKey: 'data',
    ...placeOf(world.volume),
  })
  world.options = ['--external', `mnt[data]:${world.volume}`]
  world.file(world.volume, 'link_remap.4')
  return world.link('app', 4)
}
define('33b', 'another mount covers the parent, say the images', (world) => removed(covered(world)))
define('33c', 'the same, and a link on the other mount', (world) => {
  const link = covered(world)
  const onVolume = world.file(world.volume, 'link_remap.6')
  world.remap(6, '/app/link_remap.6', { mntId: DATA_MOUNT })
  return { verdicts: ['4 removed', '6 removed'], removed: [link, onVolume] }
})
define('36', 'an external mount that the caller did not map', (world) => {
  world.external('data', 4)
  return { ...KEPT_UNREACHABLE, says: /add --external 'mnt\[data\]:PATH'/ }
})
define(
  '37',
  "the key of an external mount is a host path: the caller's mapping counts",
  (world) => {
    const link = world.external(world.host, 4)
    world.options = ['--external', `mnt[${world.host}]:${world.volume}`]
    return removed(link)
  },
)
define(
  '38',
  'mounts that would read the host if they were made from the images',
  (world, t) => {
    const hosts = { lowerdir: world.host, fd: 3 }
    const rows: [fstype: number, source: string, options: string, fsname?: string][] = [
      [15, '/dev/fuse', `fd=${hosts.fd},rootmode=40000,user_id=0,group_id=0,marker38`],
      [17, 'overlay', `lowerdir=${hosts.lowerdir},marker38`],
      [16, '/dev/marker38', 'data=marker38', 'ext4'],
      [21, '127.0.0.1:/marker38', 'addr=127.0.0.1,marker38'],
      [0, world.host, 'bind,marker38'],
    ]
    rows.forEach(([fstype, source, options, fsname], index) => {
      const mntId = 60 + index
      const place = { root: '/', major: 0, minor: 0xffff0 + index }
      const name = fsname === undefined ? {} : { fsname }
      const mountpoint = `/m${index}`
      world.rows.push({ mntId, parent: 50, mountpoint, fstype, source, options, ...place, ...name })
      fs.mkdirSync(world.at(mountpoint))
      // an id each that a victim has; the directory under the mount has one too
      world.file(world.at(mountpoint), `link_remap.${400 + 2 * index}`)
      world.remap(400 + 2 * index, `${mountpoint}/link_remap.${400 + 2 * index}`, { mntId })
    })
    return {
      verdicts: rows.map((_, index) => `${400 + 2 * index} kept unreachable`),
      afterwards: () => noMountOf(t, world, /marker38/),
    }
  },
  { skip: needs('strace') },
)
/** strace sees no string of the images, and no file system but our own */
function noMountOf(t: Test, world: World, marker: RegExp): void {
  const log = join(world.base, 'strace')
  const calls = 'trace=mount,fsopen,fsconfig,fsmount,move_mount,open_tree'
  const strace = ['strace', '-f', '-s', '4096', '-o', log, '-e', calls]
  for (const scope of ['remaps', 'all']) {
    gc(['show', ...world.args(), '--mounts', scope], strace)
    const trace = fs.readFileSync(log, 'utf8')
    t.match(trace, /move_mount/, 'strace saw the run')
    t.notMatch(trace, marker)
    t.notMatch(trace, /fsopen\("(?!tmpfs")/, 'no file system but tmpfs')
    t.notMatch(trace, /fsconfig\(\d+, FSCONFIG_SET_STRING, "(?!size"|nr_inodes"|mode")/)
  }
}
define('39', 'a tmpfs that died with the container', (world) => {
  world.rows.push({
    mntId: DATA_MOUNT,
    parent: ROOT_MOUNT,
    mountpoint: '/tmp',
    fstype: 5,
    source: 'tmpfs',
    major: 0,
    minor: 0xffff0,
  })
  // below the mountpoint in the rootfs: another file
  world.file(world.at('tmp'), 'link_remap.4')
  world.remap(4, '/tmp/link_remap.4', { mntId: DATA_MOUNT })
  return { verdicts: ['4 vanished'] }
})
define('40', 'two remaps with one link', (world) => {
  const link = world.link('app', 4)
  world.remaps.push(encodeRemap(91, 4, 0))
  return {
    verdicts: ['4 removed', '4 absent duplicate'],
    removed: [link],
    show: ['4 would-remove', '4 absent duplicate'],
  }
})
define('41', 'the link of a remap is an ordinary file', (world) => {
  fs.mkdirSync(world.at('etc'))
  fs.writeFileSync(world.at('etc/passwd'), 'root\n')
  world.remap(4, '/etc/passwd')
  return INVALID
})
define('42', 'the id is not the number in the name', (world) => {
  world.link('app', 6)
  world.remap(4, '/app/link_remap.6')
  return {
    verdicts: ['6 removed', '4 kept invalid'],
    removed: [join(world.root, 'app/link_remap.6')],
  }
})
define('43', 'an id from 2^31 on, whose name is negative', (world) => ({
  verdicts: [`${2 ** 31 + 4} removed`],
  removed: [world.link('app', 2 ** 31 + 4)],
}))
define('44', "the link is in an ancestor of the original's directory", (world) =>
  removed(world.link('app', 4, { original: '/app/deep/gone/old' })),
)
define(
  '45',
  'a link in the lower layer of an overlay: a whiteout, and no copy',
  (world, t) => {
    const link = world.link('app', 4, { size: 100_000 })
    return {
      ...removed(link),
      afterwards: () => {
        const upper = join(world.base, 'upper/app')
        t.strictSame(fs.readdirSync(upper), ['link_remap.4'], 'nothing but the whiteout')
        const stat = fs.lstatSync(join(upper, 'link_remap.4'))
        t.ok(stat.isCharacterDevice() && stat.rdev === 0)
      },
    }
  },
  { on: ['lower'] },
)
define('47', "another, later dump's link", (world, t) => {
  const link = world.link('app', 4)
  const survivor = world.at('app/survivor of link_remap.4')
  const newer = join(world.base, 'newer images')
  return {
    verdicts: ['4 kept newer'],
    after: () => {
      later()
      fs.unlinkSync(link)
      fs.linkSync(survivor, link)
      later()
      fs.cpSync(world.images, newer, { recursive: true })
    },
    // the images of the later dump are what it takes
    again: ['4 kept newer'],
    afterwards: () => {
      const run = unchanged(t, world, ['show', '-D', newer, '-r', world.root, '--json'])
      t.strictSame(verdicts(run), ['90 absent', '4 would-remove'])
    },
  }
})
define('48', 'a complete checkpoint that could still be restored: clean abandons it', (world) => {
  world.tamper = (images) => images.set('stats-dump', Buffer.from('a dump that ended well'))
  return removed(world.link('app', 4))
})

/** The whole table on these; a case that is another one elsewhere has its own list. */
export function testCases(kinds: Kind[]): void {
  for (const { number, name, on = ['disk', 'overlay'], alone = false, skip = false, act } of cases)
    for (const kind of kinds.filter((one) => on.includes(one)))
      test(`case ${number} on ${kind}: ${name}`, { skip }, async (t) => {
        const world = newWorld(t, { kind, alone })
        check(t, world, await act(world, t))
      })
}
