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
} from 'node:fs'
import { resolve } from 'node:path'
import { Script } from 'node:vm'
import { distrust } from './sys/trusted.js'

/** dist/program.cjs is a function of these. */
type Program = (load: typeof require, directory: string, note: string | undefined) => void

interface Cached {
  /** What V8 made of it. */
  readonly cachedData: Buffer
  readonly program: Buffer
}

/**
 * V8 itself compares no more than the length of a program: `fd` has to be the very one from which the cache was made,
 * which stands behind it. @throws Error where it may not be used.
 */
const readCache = (fd: number): Cached => {
  const data = readTrusted(resolve(__dirname, 'program.cache'))
  const length = data.length - Number(fstatSync(fd, { bigint: true }).size)
  const program = data.subarray(Math.max(length, 0))
  if (length > 0 && has(fd, program)) return { cachedData: data.subarray(0, length), program }
  throw new Error('it was made of another program')
}

const readTrusted = (file: string): Buffer => {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const problem = distrust(fstatSync(fd, { bigint: true }), statSync(__dirname, { bigint: true }))
    if (problem !== undefined) throw new Error(problem)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** In bytes. To read all of a file into new memory takes longer than to compare it. */
const CHUNK = 64 * 1024

/** Whether the file holds these bytes and no other. */
const has = (fd: number, bytes: Buffer): boolean => {
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; ;) {
    const length = readSync(fd, chunk, 0, CHUNK, at)
    if (length === 0) return at === bytes.length
    if (!chunk.subarray(0, length).equals(bytes.subarray(at, at + length))) return false
    at += length
  }
}

const file = resolve(__dirname, 'program.cjs')
const fd = openSync(file, constants.O_RDONLY)
let cached: Cached | undefined
let note: string | undefined
try {
  cached = readCache(fd)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT') note = `the code cache is not used: ${message}`
}
const program = cached?.program ?? readFileSync(fd)
closeSync(fd)
// The build writes nothing that is not ASCII.
const script = new Script(program.toString('latin1'), {
  filename: file,
  ...(cached && { cachedData: cached.cachedData }),
})
if (script.cachedDataRejected === true)
  note = `the code cache was made by another Node.js than ${process.version}: it is not used`
const run = script.runInThisContext() as Program
run(require, __dirname, note)
