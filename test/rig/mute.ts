// A FUSE file system that answers some requests and lets others wait for ever.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from './command.js'
import { mountinfo } from './mountinfo.js'
import { unmount } from './namespace.js'
import { inRepo } from './repo.js'

/** what the server answers; the place is the number that mute.c takes */
const LEVELS = ['nothing', 'all but names', 'all but links', 'everything'] as const
export type Level = (typeof LEVELS)[number]

/** Whether this kernel has FUSE. */
export const hasFuse = (): boolean => /\tfuse$/m.test(fs.readFileSync('/proc/filesystems', 'utf8'))

/** A machine without udev may lack the device. */
const fuseDevice = (folder: string): string => {
  if (fs.existsSync('/dev/fuse')) return '/dev/fuse'
  const device = join(folder, 'fuse')
  must('mknod', [device, 'c', '10', '229'])
  return device
}

export interface Mute {
  /** where it is mounted; whoever looks there waits, too */
  readonly path: string
  /** its process */
  readonly pid: number
  /** what waits gets an error then */
  readonly stop: () => void
}

/** In a private mount namespace, and beside whatever the test looks at. */
export function mountMute(level: Level): Mute {
  const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-mute-'))
  const [program, path] = [join(folder, 'mute'), join(folder, 'mnt')]
  fs.mkdirSync(path)
  must('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, inRepo('test', 'rig', 'mute.c')])
  const words = [fuseDevice(folder), path, String(LEVELS.indexOf(level))]
  const server = spawn(program, words, { stdio: ['pipe', 'ignore', 'inherit'] })
  for (let i = 0; !mountinfo().some((row) => row.split(' ')[4] === path); i++) {
    if (i === 2000) throw new Error('the FUSE file system is not mounted')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
  let ended = false
  const stop = (): void => {
    if (ended) return
    ended = true
    unmount(path)
    server.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true })
  }
  return { path, pid: server.pid ?? -1, stop }
}
