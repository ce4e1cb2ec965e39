// What decompressing may cost. A few bytes can stand for very many, or for very much work and next to no bytes.
import { badImages } from '../../errors.js'
import { ARCHIVE_LIMITS } from '../../limits.js'
import { unpacking, type Format } from './formats.js'

/** How often the clock is looked at, in calls. */
const EACH = 16

/** Each costs some memory, and so many have to come to so many bytes each. */
const MANY = 1_000_000
const LITTLE = 256

/** Processor time of this process so far, in seconds. */
export const processorTime = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

export class Budget {
  private readonly path: string
  private readonly format: Format
  private readonly most: number
  private readonly now: () => number
  private readonly began: number
  private bytes = 0
  private calls = 0

  constructor(
    path: string,
    format: Format,
    { most = ARCHIVE_LIMITS.decompressedBytes, now = processorTime } = {},
  ) {
    this.path = path
    this.format = format
    this.most = most
    this.now = now
    this.began = now()
  }

  /** @throws GcError bad-images where so many more bytes are too many, or they took too long. */
  spend(bytes: number): void {
    this.bytes += bytes
    if (this.bytes > this.most)
      this.refuse(`more than ${this.most} bytes are compressed in it, which is the limit`)
    if (++this.calls > MANY && this.bytes / this.calls < LITTLE)
      this.refuse(`next to nothing is compressed in it: ${this.bytes} bytes so far`)
    if (this.calls % EACH === 0 && isTooSlow(this.now() - this.began, this.bytes))
      this.refuse(`it takes too long to decompress: ${this.bytes} bytes so far`)
  }

  private refuse(what: string): never {
    throw badImages(what, {
      where: this.path,
      next: `nothing was deleted; if it is no bomb, ${unpacking(this.format, this.path)}`,
    })
  }
}

/** In seconds: so long any is let be, whatever comes of it. */
const GRACE = 10

export const isTooSlow = (seconds: number, bytes: number): boolean =>
  seconds > GRACE && bytes / seconds < ARCHIVE_LIMITS.decompressedRate
