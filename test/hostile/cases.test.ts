// Root file systems and images that somebody made to have the wrong thing removed, each on a disk, on an
// overlay and, where that is another case, on a tmpfs. The numbers are those of the threat model.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { asBytes, manifest, onlyRemoved } from '../rig/manifest.js'
import { mountinfo } from '../rig/mountinfo.js'
import {
  background,
  chattr,
  check,
  DATA_MOUNT,
  gc,
  hostile,
  later,
  liveNamespace,
  newWorld,
  placeOf,
  ROOT_MOUNT,
  unchanged,
  verdicts,
  type Expected,
  type Kind,
  type World,
} from './rig.js'

type Case = {
  /** of the threat model; letters tell variants */
  number: string
  name: string
  /** disk and overlay unless given */
  on?: Kind[]
  alone?: true
  act(world: World, t: Test): Expected | Promise<Expected>
}

const cases: Case[] = []
const define = (
  number: string,
  name: string,
  act: Case['act'],
  rest: Partial<Pick<Case, 'on' | 'alone'>> = {},
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
  world.mount('--bind', '/proc', world.at('proc'))
  return { verdicts: ['4 absent parent-gone'], also: world.host, ...notProc(world) }
})
/** the manifest would walk through the whole of /proc otherwise */
const notProc = (world: World): Expected => ({
  after: () => {
    world.at('proc')
  },
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
  const link = world.link('app', 4, { size: 11, says: { size: 10 } })
  fs.accessSync(world.at('app/link_remap.4'))
  return {
    verdicts: ['4 kept mismatch'],
    after: touchDirectory(world, 'app'),
    says: /it has 11 bytes, the dumped file had 10/,
    then: () => fs.accessSync(link),
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
    return { ...removed(link), then: ({ json }) => t.equal(json?.remaps[1]?.nlink, 1) }
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
define('14b', 'other permissions, in a directory that did not change', (world) =>
  removed(world.link('app', 4, { mode: 0o640, says: { mode: 0o100600 } })),
)
define('15', 'another size, in a directory that did not change', (world) =>
  removed(world.link('app', 4, { size: 11, says: { size: 10 } })),
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
      says: /is newer .* than the images .*: another dump may need it/,
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
define('18', 'an immutable file', (world) => {
  const link = world.link('app', 4)
  return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'i', link) }
})
define('18b', 'an append-only file', (world) => {
  const link = world.link('app', 4)
  return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'a', link) }
})
define('18c', 'an immutable file with --force', (world) => {
  const link = world.link('app', 4)
  world.options = ['--force']
  return { verdicts: ['4 kept immutable'], after: () => chattr(world, 'i', link) }
})
define('19', 'an append-only parent', (world) => {
  const link = world.link('app', 4)
  return { verdicts: ['4 failed EPERM'], after: () => chattr(world, 'a', join(link, '..')) }
})
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
    return { verdicts: ['4 absent parent-gone'] }
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
    removed: [],
    then: ({ json }) => {
      t.equal(json?.remaps[1]?.linkBase64, link.toString('base64'))
      t.notOk(fs.existsSync(at('link_remap.4')), 'removed')
      t.ok(fs.existsSync(at('link_remap.6')), 'and nothing beside it')
    },
  }
})
