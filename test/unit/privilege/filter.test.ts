// The filter as a program: a machine for the few instructions that it uses runs it on system calls.
import { constants } from 'node:fs'
import { filterProgram, type Numbers } from '../../../src/privilege/filter.js'
import { test } from '../support/check.js'

const [ALLOW, EPERM, KILL] = [0x7fff0000, 0x00050001, 0x80000000]
const X64 = 0xc000003e
const PID = 4711

// Numbers of x86-64.
const NUMBERS: Numbers = {
  read: 0,
  write: 1,
  open: 2,
  close: 3,
  openat: 257,
  openat2: 437,
  unlinkat: 263,
  unlink: 87,
  rmdir: 84,
  statx: 332,
  mount: 165,
  umount2: 166,
  unshare: 272,
  setns: 308,
  move_mount: 429,
  open_tree: 428,
  execve: 59,
  execveat: 322,
  renameat2: 316,
  linkat: 265,
  mkdirat: 258,
  ptrace: 101,
  socket: 41,
  chroot: 161,
  exit_group: 231,
  futex: 202,
  getdents64: 217,
  readlinkat: 267,
  faccessat2: 439,
  kill: 62,
  tgkill: 234,
  rt_sigqueueinfo: 129,
  rt_tgsigqueueinfo: 297,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
}

interface SystemCall {
  readonly nr: number
  readonly arch?: number
  readonly args?: readonly number[]
}

/** linux/seccomp.h: nr, arch, instruction pointer, then six 64-bit arguments; read as 32-bit words. */
const load = ({ nr, arch = X64, args = [] }: SystemCall, offset: number): number => {
  if (offset === 0) return nr
  if (offset === 4) return arch
  const argument = (offset - 16) / 8
  if (!Number.isInteger(argument)) throw new Error(`a load from ${offset}`)
  return (args[argument] ?? 0) >>> 0
}

const evaluate = (program: Buffer, call: SystemCall): number => {
  let accumulator = 0
  for (let pc = 0; pc * 8 < program.length; pc++) {
    const code = program.readUInt16LE(pc * 8)
    const yes = program.readUInt8(pc * 8 + 2)
    const no = program.readUInt8(pc * 8 + 3)
    const value = program.readUInt32LE(pc * 8 + 4)
    if (code === 0x20) accumulator = load(call, value)
    else if (code === 0x15) pc += accumulator === value ? yes : no
    else if (code === 0x35) pc += accumulator >= value ? yes : no
    else if (code === 0x45) pc += (accumulator & value) !== 0 ? yes : no
    else if (code === 0x06) return value
    else throw new Error(`instruction ${code}`)
  }
  throw new Error('the program has no end')
}

const PROGRAM = filterProgram(NUMBERS, 'x64', PID)!
const on = (name: string, args: readonly number[] = []): number =>
  evaluate(PROGRAM, { nr: NUMBERS[name]!, args })

test('what the clean-up does is allowed', (t) => {
  const names = [
    'read',
    'write',
    'close',
    'statx',
    'getdents64',
    'readlinkat',
    'exit_group',
    'futex',
  ]
  for (const name of [...names, 'openat2', 'faccessat2']) t.equal(on(name), ALLOW, name)
  t.equal(on('unlinkat', [5, 0, 0]), ALLOW, 'unlinkat of a file')
  t.equal(on('openat', [5, 0, constants.O_RDONLY | constants.O_DIRECTORY]), ALLOW)
  t.equal(on('openat', [5, 0, 0o10000000 | constants.O_NOFOLLOW]), ALLOW, 'O_PATH')
})

test('what it does not do is denied', (t) => {
  const names = [
    'mount', 'umount2', 'unshare', 'setns', 'move_mount', 'open_tree', 'execve', 'execveat',
    'renameat2', 'linkat', 'mkdirat', 'ptrace', 'socket', 'chroot', 'open', 'unlink', 'rmdir',
    'io_uring_setup', 'io_uring_enter', 'io_uring_register',
    'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo',
  ] // prettier-ignore
  for (const name of names) t.equal(on(name), EPERM, name)
})

test('no directory can be removed', (t) => {
  const AT_REMOVEDIR = 0x200
  t.equal(on('unlinkat', [5, 0, AT_REMOVEDIR]), EPERM)
  t.equal(on('unlinkat', [5, 0, 1]), EPERM)
})

test('no file can be opened for writing or made', (t) => {
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = constants
  for (const flag of [O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND])
    t.equal(on('openat', [5, 0, flag]), EPERM, flag.toString(8))
})

test('a signal goes to ourselves and to nobody else', (t) => {
  t.equal(on('kill', [PID, 15]), ALLOW)
  for (const other of [1, 0, -1, -PID, PID + 1]) t.equal(on('kill', [other, 15]), EPERM, `${other}`)
})

test('another architecture ends the process, another ABI is denied', (t) => {
  t.equal(evaluate(PROGRAM, { nr: NUMBERS.read!, arch: 0x40000003 }), KILL)
  t.equal(evaluate(PROGRAM, { nr: 0x40000000 + NUMBERS.read! }), EPERM)
})

test('a call that this architecture has not is not in the filter', (t) => {
  const without: Numbers = { openat: 56, unlinkat: 35, mount: 40 }
  const program = filterProgram(without, 'arm64', PID)!
  const run = (nr: number): number => evaluate(program, { nr, arch: 0xc00000b7 })
  t.equal(run(40), EPERM)
  t.equal(run(59), ALLOW)
  t.equal(run(35), ALLOW)
  t.equal(run(0), ALLOW, 'nothing stands for one that is missing')
})

test('an architecture without a filter', (t) => {
  for (const architecture of ['arm', 'ppc64', 's390x', 'riscv64'] as const)
    t.equal(filterProgram(NUMBERS, architecture, PID), undefined, architecture)
})

test('every distance fits: a jump is at most 255 instructions', (t) => {
  // All names that there may be, at the numbers that are furthest from the end.
  const many = new Proxy<Record<string, number>>(
    {},
    { get: (_, name) => String(name).length + 1000 },
  )
  const program = filterProgram(many, 'x64', PID)!
  t.ok(program.length / 8 < 250)
  t.equal(evaluate(program, { nr: 5 }), ALLOW)
})
