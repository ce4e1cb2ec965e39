// What could not be looked at. Of what has ended meanwhile nothing is left to be said.
import { errorCode } from '../errors.js'
import { errnoName } from '../sys/errno.js'

const ENDED = new Set(['ENOENT', 'ESRCH'])

export class Unread {
  readonly found: string[] = []

  add(what: string, why: string): void {
    this.found.push(`${what} (${why})`)
  }

  /** `result` where it is none of an error. */
  number(what: string, result: number): number | undefined {
    if (result >= 0) return result
    const code = errnoName(-result)
    if (!ENDED.has(code)) this.add(what, code)
    return undefined
  }

  /** What `look` answers; undefined where it throws an error of the system's. */
  try<T>(what: string, look: () => T): T | undefined {
    try {
      return look()
    } catch (error) {
      const code = errorCode(error)
      if (code === undefined) throw error
      if (!ENDED.has(code)) this.add(what, code)
      return undefined
    }
  }
}
