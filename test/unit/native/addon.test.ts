// The table of system calls itself. Only what needs no privilege; the rest has suites that need root.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import tap from 'tap'
import { fromBuffer, fromText, type Bytes } from '../../../src/bytes.js'
import { loadAddon, type Addon } from '../../../src/sys/addon.js'
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  DESCRIPTORS,
  EOVERFLOW,
  ESRCH,
  KCMP_FILES,
  LSMT_ROOT,
  MEMORY,
  SOCKETS,
  NS_MNT_GET_INFO,
  NS_MNT_GET_NEXT,
  NS_MNT_GET_PREV,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_BENEATH,
  SO_PROTOCOL,
  SOL_SOCKET,
  STATX_ATTR_MOUNT_ROOT,
} from '../../../src/sys/constants.js'
import { readStat } from '../../../src/sys/stat.js'
import { STATMOUNT_MASK, Statmount } from '../../../src/sys/statmount.js'
import { UNKNOWN_DEVICE, unlinkedRecords, type UnlinkedRecord } from '../../../src/sys/unlinked.js'
import { inRepo } from '../../rig/repo.js'
import { asRoot as asRootTest, test as anyTest, type Test } from '../support/check.js'

const isBuilt = fs.existsSync(inRepo('build', 'Release', 'syscalls.node'))

type Body = (t: Test, addon: Addon) => void

const withAddon =
  (kind: typeof anyTest) =>
  (name: string, body: Body): void => {
    if (isBuilt) kind(name, (t) => body(t, loadAddon(inRepo('dist'))))
    else void tap.test(name, { skip: 'the addon was not built' }, () => undefined)
  }

const test = withAddon(anyTest)
const asRoot = withAddon(asRootTest)

const [EPERM, ENOENT, EBADF, EINVAL, ENOTTY, ENAMETOOLONG] = [-1, -2, -9, -22, -25, -36]
const O_CLOEXEC = 0o2000000
const PATH_MAX = 4096
const INO_LOW = 7

const bytes = (name: string): Bytes => name as Bytes

/** A descriptor on a folder of the test. */
const folder = (t: Test, contents: Record<string, string | object> = {}) => {
  const dir = t.testdir(contents as Parameters<Test['testdir']>[0])
  const fd = fs.openSync(dir, fs.constants.O_DIRECTORY)
  t.teardown(() => fs.closeSync(fd))
  return { dir, fd }
}

/** Every call with a name, as the argument that `name` stands for. */
const named = (addon: Addon, fd: number, name: Bytes): Record<string, () => number> => {
  const buffer = Buffer.alloc(8)
  return {
    mount: () => addon.mount(name, 0),
    openat: () => addon.openat(fd, name, O_PATH, 0),
    openat2: () => addon.openat2(fd, name, O_PATH, 0),
    open_tree: () => addon.open_tree(fd, name, 0),
    'move_mount from': () => addon.move_mount(fd, name, fd, bytes(''), 0),
    'move_mount to': () => addon.move_mount(fd, bytes(''), fd, name, 0),
    mount_setattr: () => addon.mount_setattr(fd, name, 0, 0, 0, 0),
    fsopen: () => addon.fsopen(name),
    'fsconfig key': () => addon.fsconfig(fd, 1, name, null),
    'fsconfig value': () => addon.fsconfig(fd, 1, null, name),
    statx: () => addon.statx(fd, name, 0),
    unlinkat: () => addon.unlinkat(fd, name, 0),
    mkdirat: () => addon.mkdirat(fd, name, 0o700),
    readlinkat: () => addon.readlinkat(fd, name, buffer),
    chdir: () => addon.chdir(name),
    chroot: () => addon.chroot(name),
    faccessat: () => addon.faccessat(fd, name, 0),
    faccessat2: () => addon.faccessat2(fd, name, 0, 0),
    'answers path': () => addon.answers(fd, name, 0, null, 5000),
    'answers name': () => addon.answers(fd, bytes('.'), 0, name, 5000),
  }
}

test('a NUL in a name is refused, wherever it is', (t, addon) => {
  const { fd, dir } = folder(t, { a: 'x' })
  for (const name of ['a\0', '\0', 'a\0b', `${'x'.repeat(4000)}\0`])
    for (const [call, act] of Object.entries(named(addon, fd, bytes(name))))
      t.throws(act, TypeError, `${call}: ${JSON.stringify(name).slice(0, 12)}`)
  t.strictSame(fs.readdirSync(dir), ['a'], 'nothing was done to another file')
})

test('a name that is no string is refused', (t, addon) => {
  const { fd } = folder(t)
  for (const value of [undefined, 1, true, Buffer.from('a'), ['a'], {}])
    for (const [call, act] of Object.entries(named(addon, fd, value as unknown as Bytes)))
      t.throws(act, { name: 'TypeError', message: /a string/ }, `${call}: ${typeof value}`)
  const optional = new Set(['fsconfig key', 'fsconfig value', 'answers name'])
  for (const [call, act] of Object.entries(named(addon, fd, null as unknown as Bytes)))
    if (optional.has(call)) t.doesNotThrow(act, `${call} may be missing`)
    else t.throws(act, TypeError, `${call}: null`)
})

test('a name as long as a path may be, and one that is longer', (t, addon) => {
  t.equal(addon.statx(AT_FDCWD, bytes('/'.repeat(PATH_MAX - 1)), 0), 0)
  // Cut instead of refused, each of these would be the root.
  for (const length of [PATH_MAX, PATH_MAX + 1, PATH_MAX + 2, 3 * PATH_MAX, 1_000_000])
    t.equal(addon.statx(AT_FDCWD, bytes('/'.repeat(length)), 0), ENAMETOOLONG, String(length))
  const { fd } = folder(t)
  const calls = named(addon, fd, bytes('./'.repeat(PATH_MAX)))
  for (const call of ['openat', 'openat2', 'unlinkat', 'mkdirat', 'readlinkat', 'faccessat2'])
    t.equal(calls[call]?.(), ENAMETOOLONG, call)
})

test('a name is its bytes', (t, addon) => {
  const { fd, dir } = folder(t)
  const names = [[0xff], [0x80], [0xc3, 0xa9], [0xe9], [0x01, 0x7f], [0xc2, 0x80]]
  for (const name of names) {
    const raw = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name)])
    fs.writeFileSync(raw, 'x')
    const { ino } = fs.statSync(raw, { bigint: true })
    const latin = fromBuffer(Buffer.from(name))
    t.equal(addon.statx(fd, latin, AT_SYMLINK_NOFOLLOW), 0)
    t.equal(BigInt(addon.stat[INO_LOW]!), ino & 0xffffffffn, Buffer.from(name).toString('hex'))
    const opened = addon.openat(fd, latin, O_PATH, 0)
    t.equal(fs.fstatSync(opened, { bigint: true }).ino, ino)
    addon.close(opened)
  }
  t.equal(addon.statx(fd, fromText('ÿ'), 0), ENOENT, 'and text is not one of them')
  t.equal(addon.unlinkat(fd, bytes('\xff'), 0), 0)
  t.equal(fs.readdirSync(dir).length, names.length - 1)
})

test('statx says which device one is', (t, addon) => {
  t.equal(addon.statx(-100, bytes('/dev/null'), 0), 0)
  const { rdevMajor, rdevMinor } = readStat(addon.stat)
  t.strictSame([rdevMajor, rdevMinor], [1, 3])
})

test('what statx answered is what the kernel tells others of the file', (t, addon) => {
  const { fd, dir } = folder(t, { file: '' })
  const file = path.join(dir, 'file')
  fs.truncateSync(file, 5 * 2 ** 30 + 7)
  fs.linkSync(file, path.join(dir, 'again'))
  t.equal(addon.statx(fd, bytes('file'), AT_SYMLINK_NOFOLLOW), 0)
  const { inoHigh, inoLow, major, minor, ctime, ...rest } = readStat(addon.stat)
  const known = fs.statSync(file, { bigint: true })
  t.match(rest, { mode: Number(known.mode), nlink: 2, size: 5 * 2 ** 30 + 7 })
  t.equal((BigInt(inoHigh) << 32n) | BigInt(inoLow), known.ino)
  // makedev(3): twelve bits of major between eight and twelve of minor.
  t.equal(BigInt((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)), known.dev)
  t.equal(BigInt(ctime.sec) * 1_000_000_000n + BigInt(ctime.nsec), known.ctimeNs)
  t.equal(addon.statx(fd, bytes(''), AT_EMPTY_PATH), 0)
  t.equal(readStat(addon.stat).attributes & STATX_ATTR_MOUNT_ROOT, 0)
  t.equal(addon.statx(AT_FDCWD, bytes('/proc'), 0), 0)
  t.not(readStat(addon.stat).attributes & STATX_ATTR_MOUNT_ROOT, 0, 'a mount is one')
  t.not(readStat(addon.stat).mntId, rest.mntId)
})

/** Of this process, dead ones that nobody asked about among them. */
const children = (): string[] =>
  fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid
    } catch {
      return false
    }
  })

const descriptors = (): string[] => fs.readdirSync('/proc/self/fd')

/** proc(5): the flags of a descriptor, O_CLOEXEC among them. */
const isInherited = (fd: number): boolean => {
  const [, flags = ''] = /^flags:\s+(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [] // prettier-ignore
  return (parseInt(flags, 8) & O_CLOEXEC) === 0
}

test('whatever is opened is closed in a program that is started', (t, addon) => {
  const { fd } = folder(t, { sub: {} })
  const opened = {
    openat: addon.openat(fd, bytes('sub'), O_DIRECTORY, 0),
    'openat, only to look at': addon.openat(fd, bytes('sub'), O_PATH, 0),
    openat2: addon.openat2(fd, bytes('sub'), O_DIRECTORY, RESOLVE_BENEATH),
    open_tree: addon.open_tree(fd, bytes('sub'), 0),
  }
  for (const [call, result] of Object.entries(opened)) {
    t.ok(result > 2, call)
    t.notOk(isInherited(result), call)
    addon.close(result)
  }
})

asRoot('and so is a new file system, and its mount', (t, addon) => {
  const [FSCONFIG_CMD_CREATE] = [6]
  const made = addon.fsopen(bytes('tmpfs'))
  t.teardown(() => addon.close(made))
  t.notOk(isInherited(made), 'fsopen')
  t.equal(addon.fsconfig(made, FSCONFIG_CMD_CREATE, null, null), 0)
  const mounted = addon.fsmount(made, 0)
  t.teardown(() => addon.close(mounted))
  t.notOk(isInherited(mounted), 'fsmount')
})

test('a local directory answers, and so does one that is not there', (t, addon) => {
  const { fd, dir } = folder(t, { sub: { file: 'x' } })
  fs.symlinkSync('sub', path.join(dir, 'link'))
  const before = [children(), descriptors()]
  const ask = (place: string, name: string | null): number =>
    addon.answers(fd, bytes(place), RESOLVE_BENEATH, name as Bytes | null, 5000)
  for (const place of ['.', 'sub', 'gone', 'sub/gone', 'sub/file', 'link', '..', ''])
    for (const name of [null, 'file', 'gone', '\xff'])
      t.equal(ask(place, name), 0, `${place} ${name}`)
  t.strictSame([children(), descriptors()], before, 'neither a child nor a descriptor is left')
  t.strictSame(fs.readdirSync(dir), ['link', 'sub'], 'and nothing is made')
})

test('also from a descriptor that is only there to look at', (t, addon) => {
  const { dir } = folder(t, { sub: {} })
  const fd = addon.openat(AT_FDCWD, fromText(dir), O_PATH | O_DIRECTORY, 0)
  t.teardown(() => addon.close(fd))
  t.equal(addon.answers(fd, bytes('sub'), 0, null, 5000), 0)
})

test('prctl answers what the call does', (t, addon) => {
  const [PR_GET_DUMPABLE, PR_CAPBSET_READ] = [3, 23]
  t.ok([0, 1, 2].includes(addon.prctl(PR_GET_DUMPABLE, 0)))
  t.ok([0, 1].includes(addon.prctl(PR_CAPBSET_READ, 0)))
  t.equal(addon.prctl(PR_CAPBSET_READ, 9999), EINVAL)
  t.equal(addon.prctl(-1, 0), EINVAL)
  for (const second of [-1, 0.5, NaN, 2 ** 53])
    t.throws(() => addon.prctl(PR_GET_DUMPABLE, second), TypeError, String(second))
})

test('readlinkat fills the memory that it gets, and says how far', (t, addon) => {
  const { fd, dir } = folder(t)
  fs.symlinkSync(Buffer.from('a\xff/b', 'latin1'), path.join(dir, 'link'))
  const buffer = Buffer.alloc(6, '#')
  t.equal(addon.readlinkat(fd, bytes('link'), buffer), 4)
  t.equal(buffer.toString('latin1'), 'a\xff/b##')
  const short = Buffer.alloc(6, '#')
  t.equal(addon.readlinkat(fd, bytes('link'), short.subarray(1, 3)), 2)
  t.equal(short.toString('latin1'), '#a\xff###', 'and no byte beside it')
  t.equal(addon.readlinkat(fd, bytes('gone'), buffer), ENOENT)
  t.equal(addon.readlinkat(fd, bytes('.'), buffer), EINVAL)
  t.equal(addon.readlinkat(1_000_000, bytes('link'), buffer), EBADF)
  for (const memory of ['', [1], new Uint16Array(4), new ArrayBuffer(8)])
    t.throws(
      () => addon.readlinkat(fd, bytes('link'), memory as unknown as Uint8Array),
      { name: 'TypeError', message: /a Uint8Array/ },
      typeof memory,
    )
})

const own = (t: Test): number => {
  const fd = fs.openSync('/proc/thread-self/ns/mnt', 'r')
  t.teardown(() => fs.closeSync(fd))
  return fd
}

test('what is known of our namespace, on kernels that say it', (t, addon) => {
  const [fd, info] = [own(t), Buffer.alloc(24, '#')]
  const result = addon.ioctl_nsfs(fd, NS_MNT_GET_INFO, info)
  t.ok([0, ENOTTY].includes(result), String(result))
  t.equal(info.toString('latin1', 16), '########')
  if (result === 0) {
    t.ok(info.readUInt32LE(0) >= 16)
    t.ok(info.readUInt32LE(4) > 0)
  }
  t.equal(addon.ioctl_nsfs(fd, NS_MNT_GET_INFO, Buffer.alloc(15)), EINVAL, 'no room')
  t.equal(addon.ioctl_nsfs(1_000_000, NS_MNT_GET_INFO, info), EBADF)
  t.equal(addon.ioctl_nsfs(fd, 255, info), ENOTTY)
  for (const memory of ['', null, new Uint16Array(8)])
    t.throws(() => addon.ioctl_nsfs(fd, 10, memory as unknown as Uint8Array), TypeError)
})

test('its neighbours are new descriptors that no program inherits', (t, addon) => {
  const info = Buffer.alloc(16)
  for (const request of [NS_MNT_GET_NEXT, NS_MNT_GET_PREV]) {
    const next = addon.ioctl_nsfs(own(t), request, info)
    // Who may not see them, or has no neighbour, gets none.
    if (next < 0) {
      t.ok([ENOENT, EPERM, ENOTTY].includes(next), String(next))
      continue
    }
    t.match(fs.readlinkSync(`/proc/self/fd/${next}`), /^mnt:\[\d+\]$/)
    t.match(fs.readFileSync(`/proc/self/fdinfo/${next}`, 'latin1'), /^flags:\s+02\d*$/m)
    addon.close(next)
  }
})

test('mounts are listed, and each is told, as our own table has them', (t, addon) => {
  const info = Buffer.alloc(16)
  if (addon.ioctl_nsfs(own(t), NS_MNT_GET_INFO, info) < 0) return
  const namespace = Number(info.readBigUInt64LE(8))
  const ids = Buffer.alloc(8 * 4)
  const found: number[] = []
  let count
  while ((count = addon.listmount(LSMT_ROOT, found.at(-1) ?? 0, namespace, ids)) > 0)
    for (let i = 0; i < count; i++) found.push(Number(ids.readBigUInt64LE(8 * i)))
  t.equal(count, 0)
  const rows = fs.readFileSync('/proc/thread-self/mountinfo', 'latin1').trim().split('\n')
  t.equal(found.length, rows.length)
  const buffer = Buffer.alloc(8192)
  const numbers = found.map((id) => {
    t.equal(addon.statmount(id, namespace, STATMOUNT_MASK, buffer), 0)
    return new Statmount(buffer).mntId
  })
  t.strictSame(
    numbers.sort((a, b) => a - b),
    rows.map((row) => Number(row.split(' ')[0])).sort((a, b) => a - b),
  )
  const short = Buffer.alloc(600, '#')
  t.equal(
    addon.statmount(found[0] ?? 0, namespace, STATMOUNT_MASK, short.subarray(0, 514)),
    EOVERFLOW,
  )
  t.equal(short.toString('latin1', 514), '#'.repeat(86), 'and no byte beside it')
  t.equal(addon.statmount(2 ** 45, namespace, STATMOUNT_MASK, buffer), ENOENT)
  const all = Buffer.alloc(8 * (found.length + 1))
  found.forEach((id, index) => all.writeBigUInt64LE(BigInt(id), 8 * index))
  all.writeBigUInt64LE(2n ** 45n, 8 * found.length)
  const many = Buffer.alloc(1 << 20, '#')
  t.equal(addon.statmounts(all, namespace, STATMOUNT_MASK, many), found.length + 1)
  const each: Buffer[] = []
  for (let at = 0, size; (size = many.readUInt32LE(at)) > 0; at += Math.ceil(size / 8) * 8)
    each.push(many.subarray(at, at + size))
  t.strictSame(
    each.map((record) => new Statmount(record).id),
    found,
    'one after the other, without the one that is gone',
  )
  const [first = Buffer.alloc(0)] = each
  const room = Math.ceil(first.length / 8) * 8 + 4
  const little = Buffer.alloc(room + 64, '#')
  t.equal(addon.statmounts(all, namespace, STATMOUNT_MASK, little.subarray(0, room)), 1)
  t.equal(little.toString('latin1', room), '#'.repeat(64), 'and no byte beside it')
  t.equal(addon.statmounts(all, namespace, STATMOUNT_MASK, little.subarray(0, 100)), EOVERFLOW)
  t.equal(addon.statmounts(all, namespace, STATMOUNT_MASK, Buffer.alloc(2)), EOVERFLOW)
  t.equal(addon.statmounts(all, 2 ** 50, STATMOUNT_MASK, many), found.length + 1, 'all are gone')
  t.equal(many.readUInt32LE(), 0)
  t.equal(addon.listmount(LSMT_ROOT, 0, 2 ** 50, ids), ENOENT)
  for (const id of [0.5, NaN, 2 ** 53, '1'])
    t.throws(() => addon.listmount(id as number, 0, namespace, ids), TypeError, String(id))
  t.throws(
    () => addon.statmount(-1, namespace, 0, buffer),
    TypeError,
    'only a list has a first one',
  )
})

test('a directory of ours by its descriptor', (t, addon) => {
  const { fd, dir } = folder(t)
  const before = process.cwd()
  t.equal(addon.fchdir(fd), 0)
  t.equal(fs.readlinkSync('/proc/thread-self/cwd'), fs.realpathSync(dir))
  process.chdir(before)
  t.equal(addon.fchdir(1_000_000), EBADF)
  t.equal(addon.chroot(bytes('/gone')), ENOENT)
})

test('a descriptor is an integer', (t, addon) => {
  for (const fd of [0.5, NaN, Infinity, 2 ** 31, '3', undefined, null])
    t.throws(() => addon.statx(fd as number, bytes('/'), 0), TypeError, String(fd))
})

test('text is no name: its low bytes would be that of another file', (t, addon) => {
  const { fd } = folder(t)
  // The first that is no byte, and one whose low byte is a letter.
  for (const name of ['/\u0100', '/\u0165tc', '/\uffff'])
    for (const [call, act] of Object.entries(named(addon, fd, bytes(name))))
      t.throws(act, { name: 'TypeError', message: /of bytes/ }, call)
})

test('who holds a directory, or writes to a file in it', (t, addon) => {
  const { fd, dir } = folder(t, { 'pages-1.img': 'x' })
  const file = path.join(fs.realpathSync(dir), 'pages-1.img')
  const writer = fs.openSync(file, 'a')
  const reader = fs.openSync(file, 'r')
  const child = spawn('sleep', ['60'], {
    stdio: ['ignore', 'ignore', 'ignore', reader, fd, writer],
  })
  for (const each of [writer, reader]) fs.closeSync(each)
  try {
    const { ino } = fs.fstatSync(fd, { bigint: true })
    const [high, low] = [Number(ino >> 32n), Number(ino & 0xffffffffn)]
    const prefix = fromText(`${path.dirname(file)}/`)
    const memory = new Int32Array(3 * 1000)
    const rows = new Uint8Array(memory.buffer)
    for (const mayAsk of [0, 1]) {
      const length = addon.find_holders(high, low, prefix, mayAsk, rows)
      const found = [...memory.subarray(0, length / 4)]
      const of = found.flatMap((pid, at) =>
        at % 3 === 0 && pid === child.pid ? [found.slice(at + 1, at + 3)] : [],
      )
      t.strictSame(of.sort(), [
        [4, 1],
        [5, 2],
      ])
      t.notOk(
        found.some((pid, at) => at % 3 === 0 && pid === process.pid),
        'and not we',
      )
    }
    rows.fill(0x77)
    t.equal(addon.find_holders(high, low, prefix, 1, rows.subarray(0, 12)), EOVERFLOW)
    t.ok(
      rows.subarray(12).every((byte) => byte === 0x77),
      'no byte beside it',
    )
    t.throws(() => addon.find_holders(-1, low, prefix, 1, rows), TypeError)
    t.throws(() => addon.find_holders(high, low, 'a\0b' as Bytes, 1, rows), TypeError)
  } finally {
    child.kill('SIGKILL')
  }
})

asRoot('held_files: descriptors and mappings of a task with one of these inodes', (t, addon) => {
  const { dir, fd } = folder(t, { one: 'x', two: 'y' })
  const open = fs.openSync(path.join(dir, 'one'), 'r')
  t.teardown(() => fs.closeSync(open))
  const task = addon.openat(AT_FDCWD, bytes('/proc/self'), O_PATH, 0)
  t.teardown(() => addon.close(task))
  const numbers = (...names: string[]): Uint8Array => {
    const low = names.map((name) => {
      t.equal(addon.statx(name.startsWith('/') ? AT_FDCWD : fd, bytes(name), 0), 0)
      return addon.stat[INO_LOW] ?? 0
    })
    return new Uint8Array(Uint32Array.from(low).sort().buffer)
  }
  const ask = (what: number, inodes: Uint8Array, mayAsk: boolean) => {
    const records = Buffer.alloc(1 << 16)
    const length = addon.held_files(task, what, inodes, mayAsk ? 1 : 0, records)
    t.ok(length >= 0)
    return unlinkedRecords(records.subarray(0, length)).filter(({ kind }) => kind !== 'queue')
  }
  const [found, ...more] = ask(DESCRIPTORS, numbers('one', 'two'), true)
  t.match(found, { kind: 'descriptor', from: open, path: path.join(dir, 'one'), nlink: 1 })
  t.strictSame(more, [])
  t.strictSame(ask(DESCRIPTORS, numbers('two'), true), [], 'nobody has it open')
  // By the number alone.
  const unasked = ask(DESCRIPTORS, numbers('one'), false)
  t.match(unasked, [{ kind: 'descriptor', from: open, major: UNKNOWN_DEVICE }])
  const program = fs.realpathSync(process.execPath)
  const kinds = ask(MEMORY, numbers(program), true).map(({ kind }) => kind)
  t.ok(kinds.includes('executable') && kinds.includes('mapping'), kinds.join())
  t.ok(ask(MEMORY, numbers(program), false).some(({ kind }) => kind === 'mapping'))
  t.equal(addon.held_files(task, MEMORY, numbers(program), 1, Buffer.alloc(8)), EOVERFLOW)
  t.strictSame(ask(DESCRIPTORS | MEMORY, new Uint8Array(0), true), [])
})

test('files of a task that have lost their name', (t, addon) => {
  const { dir } = folder(t, { kept: '1', 'odd\nname': '2', live: '3', ' (deleted)': '4' })
  const place = (name: string): string => path.join(fs.realpathSync(dir), name)
  const open = ['kept', 'odd\nname', 'live', ' (deleted)'].map((name) =>
    fs.openSync(place(name), 'r'),
  )
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', ...open] })
  const records = Buffer.alloc(1 << 16)
  const look = (what: number): UnlinkedRecord[] => {
    const task = addon.openat(AT_FDCWD, fromText(`/proc/${child.pid}`), O_PATH | O_DIRECTORY, 0)
    try {
      const length = addon.unlinked_files(task, what, records)
      t.ok(length >= 0, String(length))
      return unlinkedRecords(records.subarray(0, length))
    } finally {
      addon.close(task)
    }
  }
  try {
    fs.linkSync(place('kept'), place('link_remap.7'))
    fs.unlinkSync(place('kept'))
    fs.unlinkSync(place('odd\nname'))
    const found = look(DESCRIPTORS | MEMORY)
    t.strictSame(
      found.map(({ kind, from, nlink, path: shown }) => [kind, from, nlink, shown]),
      [
        ['descriptor', 3, 1, fromText(`${place('kept')} (deleted)`)],
        ['descriptor', 4, 0, fromText(`${place('odd\nname')} (deleted)`)],
        // Whose name only looks so: nobody knows from here.
        ['descriptor', 6, 1, fromText(place(' (deleted)'))],
      ],
    )
    const { ino, dev } = fs.statSync(place('link_remap.7'), { bigint: true })
    const [first] = found
    t.equal((BigInt(first!.inoHigh) << 32n) | BigInt(first!.inoLow), ino)
    t.equal(first!.minor, Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)))
    t.equal(first!.mode & 0o170000, 0o100000)
    t.match(
      fs.readFileSync('/proc/self/mountinfo', 'latin1'),
      new RegExp(`^${first!.mntId} `, 'm'),
      'the number of its mount',
    )
    t.strictSame(look(MEMORY), [], 'it has none mapped, and its program is there')
    t.equal(addon.unlinked_files(-1, DESCRIPTORS, records) > 0, true, 'says what it could not read')
    const task = addon.openat(AT_FDCWD, fromText(`/proc/${child.pid}`), O_PATH | O_DIRECTORY, 0)
    records.fill(0x77)
    t.equal(addon.unlinked_files(task, DESCRIPTORS, records.subarray(0, 90)), EOVERFLOW)
    t.ok(
      records.subarray(90).every((byte) => byte === 0x77),
      'no byte beside it',
    )
    addon.close(task)
  } finally {
    child.kill('SIGKILL')
    for (const fd of open) fs.closeSync(fd)
  }
})

test('a process by its descriptor, and its tables', (t, addon) => {
  const pidfd = addon.pidfd_open(process.pid)
  t.ok(pidfd >= 0)
  addon.close(pidfd)
  t.equal(addon.pidfd_open(0x7fffffff), ESRCH)
  t.equal(addon.pidfd_getfd(-1, 0), -9)
  t.equal(addon.kcmp(process.pid, process.pid, KCMP_FILES), 0)
  t.throws(() => addon.pidfd_open(1.5), TypeError)
})

test('sockets of a task, and what CRIU left in it', (t, addon) => {
  const { dir } = folder(t, { gone: '1' })
  const open = fs.openSync(path.join(dir, 'gone'), 'r')
  fs.unlinkSync(path.join(dir, 'gone'))
  // Node makes such pipes of two sockets.
  const child = spawn('sleep', ['60'], { stdio: ['pipe', 'ignore', 'ignore', open] })
  fs.closeSync(open)
  const records = Buffer.alloc(4096)
  const task = addon.openat(AT_FDCWD, fromText(`/proc/${child.pid}`), O_PATH | O_DIRECTORY, 0)
  const look = (what: number): unknown[] => {
    const length = addon.unlinked_files(task, what, records)
    const found = unlinkedRecords(records.subarray(0, Math.max(0, length)))
    return found.map(({ kind, from, inoLow }) => [kind, from, kind === 'socket' ? inoLow : 0])
  }
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${child.pid}/fd/0`)) ?? []
    const socket = ['socket', 0, Number(inode)]
    const file = ['descriptor', 3, 0]
    t.strictSame(look(SOCKETS), [socket], 'nothing of its files')
    t.strictSame(look(DESCRIPTORS), [file])
    t.strictSame(look(DESCRIPTORS | MEMORY | SOCKETS), [socket, file])

    const pidfd = addon.pidfd_open(child.pid ?? 0)
    const copy = addon.pidfd_getfd(pidfd, 0)
    t.equal(addon.getsockopt(copy, SOL_SOCKET, SO_PROTOCOL), 0)
    t.equal(addon.getsockopt(copy, SOL_SOCKET, 12345), ENOPROTOOPT)
    t.equal(addon.getsockopt(task, SOL_SOCKET, SO_PROTOCOL), EBADF, 'what is no socket')
    for (const fd of [copy, pidfd]) addon.close(fd)
  } finally {
    addon.close(task)
    child.kill('SIGKILL')
  }
})

const ENOPROTOOPT = -92
