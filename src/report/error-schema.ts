// The JSON document of a run that ended as a whole, as a type.
import type { JsonExit } from './schema.js'

/** Commands that have a document of their own. */
export const ACTS = ['show', 'clean', 'links', 'scan', 'list'] as const

export type Act = (typeof ACTS)[number]

/** A run that ended early: nothing is said of links. */
export interface JsonError {
  readonly schema: 'criu-gc/1'
  /** `unknown` where the arguments name none. */
  readonly command: Act | 'unknown'
  readonly exit: JsonExit
  readonly error: {
    readonly message: string
    /** The image, path or option that it is about. */
    readonly where?: string
    /** What the reader can do about it. */
    readonly next?: string
  }
}
