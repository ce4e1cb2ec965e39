// One class for whatever ends a run as a whole, and the exit codes that callers rely on.

export const EXIT = {
  clean: 0,
  internal: 1,
  usage: 2,
  leftovers: 3,
  incomplete: 4,
  refused: 5,
  busy: 6,
  'bad-images': 7,
  unsupported: 8,
  alarm: 9,
  /** And the number of the signal. */
  interrupted: 128,
} as const

export type ExitName = keyof typeof EXIT

/** What a message for people has beside the fact itself. */
export interface Advice {
  /** The image, path or option that it is about. */
  readonly where?: string
  /** What the reader can do about it. */
  readonly next?: string
  readonly cause?: unknown
}

/** Ends the run as a whole, before anything was touched. `name` is a row of the exit code table. */
export class GcError extends Error {
  readonly exit: ExitName
  readonly next: string | undefined
  readonly where: string | undefined

  constructor(exit: ExitName, message: string, { where, next, cause }: Advice = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.exit = exit
    this.where = where
    this.next = next
  }
}
Object.defineProperty(GcError.prototype, 'name', { value: 'GcError' })

export const badImages = (message: string, advice?: Advice): GcError =>
  new GcError('bad-images', message, advice)

export const usage = (message: string, advice?: Advice): GcError =>
  new GcError('usage', message, advice)

/** What is wrong in one line of many is told with its place. */
export const locating = <T>(where: string | undefined, act: () => T): T => {
  try {
    return act()
  } catch (error) {
    if (where === undefined || !(error instanceof GcError)) throw error
    const next = error.next === undefined ? {} : { next: error.next }
    throw new GcError(error.exit, error.message, { where, ...next, cause: error })
  }
}

/** What `act` gives, or else what `refused` makes of our own reason against it. Any other error goes on. */
export const orRefused = <T>(act: () => T, refused: (error: GcError) => T): T => {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof GcError)) throw error
    return refused(error)
  }
}

/** `code` of a Node or system call error; undefined for anything else. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
