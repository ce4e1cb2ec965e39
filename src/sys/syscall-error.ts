// A failed system call in the shape that Node's own errors have.
import { escape } from '../escape.js'
import type { Bytes } from '../bytes.js'
import { errnoName, errnoText } from './errno.js'

export class SyscallError extends Error {
  /** Negative, as Node has it. */
  readonly errno: number
  /** "ENOENT" */
  readonly code: string
  /** "unlinkat" */
  readonly syscall: string
  /** What the call was about, escaped; undefined where it takes no path. */
  readonly path: string | undefined

  /** `result` is what the addon returned: -errno. */
  constructor(syscall: string, result: number, path?: Bytes) {
    const code = errnoName(-result)
    const text = errnoText(-result)
    const about = path === undefined ? '' : ` '${escape(path)}'`
    super(`${code}${text === undefined ? '' : `: ${text}`}, ${syscall}${about}`)
    this.errno = result
    this.code = code
    this.syscall = syscall
    this.path = path === undefined ? undefined : escape(path)
  }
}
Object.defineProperty(SyscallError.prototype, 'name', { value: 'SyscallError' })
