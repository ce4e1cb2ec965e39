// Calls of a clean-up of a locked network namespace fail, one at a time, with each error that such a call may have, among
// them those that start programs: no lock is left where it says that all is clean, none is opened by halves, and a second
// run completes. In mount, network and process namespaces of its own.
import os from 'node:os'
import t from 'tap'
import { errnoName } from '../../src/sys/errno.js'
import { must } from '../rig/command.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { isChosen, NETWORK, SEED } from './counts.js'
import { halves, isLess, Locked } from './locked.js'
import { progress } from './progress.js'
import { KillAt } from './tool.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

type Errno = keyof typeof os.constants.errno
const FEW: readonly Errno[] = ['EMFILE', 'ENFILE', 'ENOMEM']
/**
 * By the kernel's names. Where something is gone it says ENOENT or ESRCH, which is no error; Node itself looks for its files
 * by statx. Its own loop does not get over a read or write of its pipes that fails, or a close: those are left out.
 */
const ERRORS: Readonly<Record<string, readonly Errno[]>> = {
  setns: ['EPERM', 'ENOMEM', 'EINVAL'],
  openat: [...FEW, 'EACCES', 'EIO', 'EINTR'],
  readlink: ['EACCES', 'EIO', 'ENOMEM'],
  readlinkat: ['EACCES', 'EIO', 'ENOMEM'],
  statx: ['EACCES', 'EIO', 'ENOMEM'],
  socket: [...FEW, 'ENOBUFS', 'EPERM', 'EACCES'],
  sendto: ['ENOBUFS', 'ENOMEM', 'EPERM', 'EINTR'],
  recvfrom: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EIO'],
  sendmsg: ['ENOBUFS', 'ENOMEM', 'EPERM', 'EINTR'],
  recvmsg: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EIO'],
  // programs, and what they say
  pipe2: FEW,
  socketpair: FEW,
  epoll_create1: FEW,
  clone: ['EAGAIN', 'ENOMEM', 'EPERM'],
  clone3: ['EAGAIN', 'ENOMEM', 'EPERM'],
  vfork: ['EAGAIN', 'ENOMEM', 'EPERM'],
  fork: ['EAGAIN', 'ENOMEM', 'EPERM'],
  getsockopt: ['ENOPROTOOPT', 'EPERM'],
  setsockopt: ['ENOPROTOOPT', 'EPERM'],
  kcmp: ['EPERM', 'EINVAL'],
}

interface Injection {
  readonly call: string
  /** from 1, from the first setns on */
  readonly nth: number
  readonly errno: number
}

const injections = (calls: readonly string[]): Injection[] => {
  const counts = new Map<string, number>()
  return calls
    .flatMap((call) => {
      const nth = (counts.get(call) ?? 0) + 1
      counts.set(call, nth)
      return (ERRORS[call] ?? []).map((name) => ({ call, nth, errno: os.constants.errno[name] }))
    })
    .filter((_, index) => isChosen(index, NETWORK.errno))
}

const tests = (): void => {
  const tool = new KillAt()
  t.teardown(() => {
    tool.end()
  })
  must('ip', ['link', 'set', 'lo', 'up'])
  t.comment(`CRIU_GC_SEED=${SEED}`)

  t.test('one call fails', { skip }, async (t) => {
    const place = await Locked.make(t)
    const { calls } = await tool.run(['count', 'setns'], place.args)
    t.equal(place.rules(), place.open)
    const all = injections(calls)
    const say = progress('network: injected')
    const codes = new Map<number, number>()
    for (const [done, { call, nth, errno }] of all.entries()) {
      say(done, all.length)
      place.close()
      const words = ['answer', 'setns', call, nth, -errno]
      const { code, stdout, stderr } = await tool.run(words, place.args)
      codes.set(code, (codes.get(code) ?? 0) + 1)
      const now = place.rules()
      const where = `${call} ${nth}: ${errnoName(errno)}: exit code ${code}`
      if (!isLess(now, place.closed)) t.fail(`${where}: ${now}`)
      if (halves(now).length > 0) t.fail(`${where}: ${halves(now).join()}`)
      if (code === 0 && now !== place.open) t.fail(`${where}: a lock is left: ${stdout}`)
      if (/^ +at /m.test(stderr) && !stderr.includes('uv_fs_close')) t.fail(`${where}: ${stderr}`)
      if (now === place.open) continue
      runGc('clean', place.args.slice(1, -1))
      t.ok(place.rules() === place.open, `${where}: a second run completes`)
    }
    t.comment([...codes].map(([code, count]) => `${count} of ${code}`).join(', '))
    t.ok(all.length > 0, `${all.length} injections into ${calls.length} calls`)
    t.equal(await place.echo(), 'echoed')
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
