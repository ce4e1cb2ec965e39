import {
  PTRACE_DETACH,
  PTRACE_INTERRUPT,
  PTRACE_SEIZE,
  PTRACE_SETSIGMASK,
} from '../../../src/sys/constants.js'
import type { Masks } from '../../../src/residue/masks.js'
import { stopOf, unblock } from '../../../src/residue/unblock.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { FakeAddon } from '../sys/fake-addon.js'

const EPERM = -1
const NONE: Masks = new Map()
const ESRCH = -3
/** PTRACE_EVENT_STOP, with SIGTRAP. */
const EVENT_STOP = 0x80057f
const MUTED = [0xef, 0xfe, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff]

/** Each thread stops at once, and blocks these. */
class Traced extends FakeAddon {
  mask = MUTED
  /** What each got. */
  readonly set: number[][] = []

  override ptrace_sigmask(request: number, tid: number, into: Uint8Array): number {
    const result = super.ptrace_sigmask(request, tid, into)
    if (request === PTRACE_SETSIGMASK) this.set.push([...into])
    else into.set(this.mask)
    return result
  }
}

const traced = (mask = MUTED): Traced => {
  const addon = new Traced().on('waitpid', () => EVENT_STOP)
  addon.mask = mask
  return addon
}

const requests = (addon: FakeAddon): string[] =>
  addon.of('ptrace', 'ptrace_sigmask').flatMap(({ args: [request, tid] }) => {
    const name = NAMES[Number(request)]
    return name === undefined ? [] : [`${name} ${tid ?? ''}`]
  })

const NAMES: Readonly<Partial<Record<number, string>>> = {
  [PTRACE_SEIZE]: 'seize',
  [PTRACE_INTERRUPT]: 'interrupt',
  [PTRACE_SETSIGMASK]: 'set',
  [PTRACE_DETACH]: 'detach',
}

test('all are stopped before the first goes on: what waited may end them', (t) => {
  const addon = traced()
  t.equal(unblock(new Sys(addon), [5, 6], NONE), '')
  t.strictSame(requests(addon), [
    ...['seize 5', 'interrupt 5', 'seize 6', 'interrupt 6'],
    ...['set 5', 'set 6', 'detach 5', 'detach 6'],
  ])
})

test('nothing is asked of the kernel that would end them with us', (t) => {
  const addon = traced()
  unblock(new Sys(addon), [5], NONE)
  const seized = addon.of('ptrace').filter(({ args }) => args[0] === PTRACE_SEIZE)
  t.strictSame(
    seized.map(({ args }) => args),
    [[PTRACE_SEIZE, 5, 0]],
    'no PTRACE_O_EXITKILL',
  )
})

test('one whose mask is known gets that back, and the others none', (t) => {
  const addon = traced()
  t.equal(unblock(new Sys(addon), [5, 6], new Map([[5, 0x8000000000000201n]])), '')
  t.strictSame(addon.set, [
    [1, 2, 0, 0, 0, 0, 0, 0x80],
    [0, 0, 0, 0, 0, 0, 0, 0],
  ])
})

test('one that has another mask by now goes on with that', (t) => {
  const addon = traced([0, 0, 0, 0, 0, 0, 0, 0])
  t.equal(unblock(new Sys(addon), [5], NONE), '')
  t.strictSame(requests(addon), ['seize 5', 'interrupt 5', 'detach 5'])
})

test('what cannot be traced is said, and the others are done', (t) => {
  const refused = traced().on('ptrace', (request, tid) =>
    request === PTRACE_SEIZE && tid === 5 ? EPERM : undefined,
  )
  t.equal(unblock(new Sys(refused), [5, 6], NONE), 'thread 5: EPERM')
  t.match(requests(refused), ['seize 5', 'seize 6', 'interrupt 6', 'set 6', 'detach 6'])
  const ended = traced().on('ptrace', (_, tid) => (tid === 5 ? ESRCH : undefined))
  t.equal(unblock(new Sys(ended), [5, 6], NONE), '', 'one that ended needs nothing')
})

test('a thread that cannot be stopped is given up, and is not detached from', (t) => {
  const addon = traced().on('waitpid', (tid) => (tid === 5 ? 0 : EVENT_STOP))
  t.equal(unblock(new Sys(addon), [5, 6], NONE, 3), 'thread 5: it cannot be stopped')
  t.strictSame(
    requests(addon).filter((one) => one.startsWith('detach')),
    ['detach 6'],
  )
})

test('a signal that it was about to get reaches it', (t) => {
  t.strictSame(stopOf(5, EVENT_STOP), { tid: 5, signal: 0 })
  t.strictSame(stopOf(5, 0x0f7f), { tid: 5, signal: 15 })
  t.equal(stopOf(5, 0x0100), '', 'it has ended')
  t.equal(stopOf(5, 0x0009), '', 'by a signal')
  const addon = traced().on('waitpid', () => 0x0f7f)
  unblock(new Sys(addon), [5], NONE)
  t.strictSame(addon.of('ptrace').at(-1)?.args, [PTRACE_DETACH, 5, 15])
})
