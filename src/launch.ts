// The command: the program beside it, with what V8 made of it when the package was built, so that it is not
// compiled anew at each start. Without that it runs all the same, a few milliseconds later.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  type BigIntStats,
} from 'node:fs'
import { resolve } from 'node:path'
import { Script } from 'node:vm'
import { distrust } from './sys/trusted.js'

/** What the second part of dist/program.cjs needs of the first. */
interface More {
  (): unknown
  shared: () => unknown
}

/** Each part is a function. */
type First = (load: typeof require, directory: string, note: string | undefined, more: More) => void
type Second = (load: typeof require, shared: unknown) => unknown

/** Ends the first part: of the build, which has it from scripts/parts.mjs. */
declare const MORE: string

interface Part {
  readonly text: Buffer
  /** What V8 made of it. */
  readonly cachedData?: Buffer
}

const FILE = resolve(__dirname, 'program.cjs')
const CACHE = resolve(__dirname, 'program.cache')
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

const read = (fd: number, from: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length;) {
    const count = readSync(fd, bytes, at, length - at, from + at)
    if (count === 0) return bytes.subarray(0, at)
    at += count
  }
  return bytes
}

const opened = <T>(file: string, flags: number, use: (fd: number, stat: BigIntStats) => T): T => {
  const fd = openSync(file, flags)
  try {
    return use(fd, fstatSync(fd, { bigint: true }))
  } finally {
    closeSync(fd)
  }
}

/** The lengths of a text of V8's and of one part's, and those of the next: four words, which end the file. */
const LENGTHS = 4 * Uint32Array.BYTES_PER_ELEMENT

/**
 * V8 itself compares no more than the length of a program: `fd` has to be the very one from which the cache was made, of
 * which each part stands behind what V8 made of it. @throws Error where it may not be used.
 */
const readCached = (fd: number, { size }: BigIntStats, index: number): Part =>
  opened(CACHE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, (cache, stat) => {
    const problem = distrust(stat, statSync(__dirname, { bigint: true }))
    if (problem !== undefined) throw new Error(problem)
    const end = Number(stat.size) - LENGTHS
    const tail = read(cache, Math.max(end, 0), LENGTHS)
    const words = new Uint32Array(tail.buffer, 0, tail.length >> 2)
    const [made = 0, text = 0, nextMade = 0, next = 0] = words
    const isWhole = made + text + nextMade + next === end && text + next === Number(size)
    const [from, length, at] = index === 0 ? [0, made, 0] : [made + text, nextMade, text]
    const all = isWhole ? read(cache, from, length + (index === 0 ? text : next)) : undefined
    const part = all?.subarray(length)
    if (all === undefined || part === undefined || !has(fd, at, part))
      throw new Error('it was made of another program')
    return { cachedData: all.subarray(0, length), text: part }
  })

/** In bytes. To read all of a file into new memory takes longer than to compare it. */
const CHUNK = 64 * 1024

/** Whether the file holds these bytes from there on. */
const has = (fd: number, from: number, bytes: Buffer): boolean => {
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; at < bytes.length;) {
    const length = readSync(fd, chunk, 0, Math.min(CHUNK, bytes.length - at), from + at)
    if (length === 0 || !chunk.subarray(0, length).equals(bytes.subarray(at, at + length)))
      return false
    at += length
  }
  return true
}

const readWhole = (fd: number, index: number): Part => {
  const all = readFileSync(fd)
  const end = all.indexOf(MORE) + MORE.length
  return { text: index === 0 ? all.subarray(0, end) : all.subarray(end) }
}

let note: string | undefined
let first: BigIntStats | undefined

/** One of the two parts, as what it is a function of. */
const load = (index: 0 | 1): unknown => {
  const { text, cachedData } = opened(FILE, O_RDONLY, (fd, stat) => {
    // The parts of one program do not fit those of another.
    if (first !== undefined && (first.ino !== stat.ino || first.ctimeNs !== stat.ctimeNs))
      throw new Error(`${FILE} was replaced while it ran`)
    first = stat
    try {
      return readCached(fd, stat, index)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') note = `the code cache is not used: ${message}`
      return readWhole(fd, index)
    }
  })
  // The build writes nothing that is not ASCII.
  const options = { filename: FILE, ...(cachedData && { cachedData }) }
  const script = new Script(text.toString('latin1'), options)
  if (script.cachedDataRejected === true)
    note = `the code cache was made by another Node.js than ${process.version}: it is not used`
  return script.runInThisContext()
}

let loaded: unknown
const more: More = () => (loaded ??= (load(1) as Second)(require, more.shared()))
more.shared = () => undefined
const run = load(0) as First
run(require, __dirname, note, more)
