// The child that waits for a silent file system in our place: it holds nothing of ours, and does not outlive
// us where the kernel lets it die.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { cleared } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { hasFuse, mountMute } from '../rig/mute.js'
import { node } from '../rig/repo.js'
import { test } from './rig.js'

const [EIO, ETIMEDOUT] = [-5, -110]
const LONG = 2 ** 31 - 1

const script = fileURLToPath(new URL('waiting.script.js', import.meta.url))

/** A file system whose server does not even read: who waits for it can be killed. */
const stopped = (t: Test): string => {
  const mute = mountMute('nothing')
  t.teardown(mute.stop)
  process.kill(mute.pid, 'SIGSTOP')
  return mute.path
}

interface Asking {
  readonly asker: ChildProcess
  /** Of the directory, in the asker and in its child. */
  readonly fd: string
  readonly answer: Promise<number>
}

const ask = async (t: Test, directory: string, milliseconds: number): Promise<Asking> => {
  const words = cleared(node, script, directory, String(milliseconds))
  const asker = spawn('env', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => asker.kill('SIGKILL'))
  const lines = createInterface({ input: asker.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => (await lines.next()).value as string
  return { asker, fd: await next(), answer: next().then(Number) }
}

const read = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}

/** Looks again until there is one. */
const until = async <T>(look: () => T | undefined): Promise<T> => {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const STATX = process.arch === 'arm64' ? '291' : '332'

/** Once it is in the system call that does not return. */
const waitingChild = (t: Test, { asker }: Asking): Promise<number> =>
  until(() => {
    const pid = Number(read(`/proc/${asker.pid}/task/${asker.pid}/children`))
    if (!(pid > 0) || !read(`/proc/${pid}/syscall`)?.startsWith(`${STATX} `)) return undefined
    t.teardown(() => {
      if (stays(pid) !== false) process.kill(pid, 'SIGKILL')
    })
    return pid
  })

const PF_EXITING = 0x4
const SIGKILL_PENDING = 0x100

/** False: it is dead, or a dead one that nobody asked about. Undefined: it is about to die, or runs. */
const stays = (pid: number): boolean | undefined => {
  const [stat, status] = [read(`/proc/${pid}/stat`), read(`/proc/${pid}/status`)]
  if (stat === undefined || status === undefined) return false
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', , , , , , flags] = fields
  if ('XZ'.includes(state)) return false
  const pending = [...status.matchAll(/^(?:Sig|Shd)Pnd:\s+([0-9a-f]+)$/gm)]
  const isDoomed = pending.some(([, set]) => (parseInt(set ?? '', 16) & SIGKILL_PENDING) !== 0)
  const isWaiting = 'SD'.includes(state) && (Number(flags) & PF_EXITING) === 0
  return isWaiting && !isDoomed ? true : undefined
}

await inside(import.meta.url, () => {
  const skip = hasFuse() ? false : 'needs FUSE'

  test('it holds the directory, and nothing else of ours', { skip }, async (t) => {
    const asking = await ask(t, stopped(t), LONG)
    const child = await waitingChild(t, asking)
    t.strictSame(fs.readdirSync(`/proc/${child}/fd`), [asking.fd])
    t.ok(fs.readdirSync(`/proc/${asking.asker.pid}/fd`).length > 5, 'unlike its parent')
  })

  test('it dies with us', { skip }, async (t) => {
    const asking = await ask(t, stopped(t), LONG)
    const child = await waitingChild(t, asking)
    const exited = once(asking.asker, 'exit')
    asking.asker.kill('SIGKILL')
    await exited
    // By then its signal was sent, or never will be.
    t.notOk(await until(() => stays(child)), 'without anybody who ends it')
  })

  test('one that was killed has seen no answer', { skip }, async (t) => {
    const asking = await ask(t, stopped(t), LONG)
    process.kill(await waitingChild(t, asking), 'SIGKILL')
    t.equal(await asking.answer, EIO)
  })

  test('one that waits for too long is left behind', { skip }, async (t) => {
    const asking = await ask(t, stopped(t), 1)
    t.equal(await asking.answer, ETIMEDOUT)
  })
})
