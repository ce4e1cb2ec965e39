// The command: the program beside it, with what V8 made of it when the package was built, so that it is not
// compiled anew at each start. Without that it runs all the same, a few milliseconds later.
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Script } from 'node:vm'
import { distrust } from './sys/trusted.js'

/** dist/program.cjs is a function of these. */
type Program = (load: typeof require, directory: string, note: string | undefined) => void

/**
 * What V8 made of `program`. V8 itself compares no more than its length: it has to be the very one from which the cache was
 * made, which begins with it. @throws Error where it may not be used.
 */
const readCache = (program: Buffer): Buffer => {
  const fd = openSync(
    path.join(__dirname, 'program.cache'),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  )
  try {
    const problem = distrust(fstatSync(fd), statSync(__dirname))
    if (problem !== undefined) throw new Error(problem)
    const cache = readFileSync(fd)
    if (cache.subarray(0, program.length).equals(program)) return cache.subarray(program.length)
    throw new Error('it was made of another program')
  } finally {
    closeSync(fd)
  }
}

const file = path.join(__dirname, 'program.cjs')
const program = readFileSync(file)
let cachedData: Buffer | undefined
let note: string | undefined
try {
  cachedData = readCache(program)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT') note = `the code cache is not used: ${message}`
}
// The build writes nothing that is not ASCII.
const script = new Script(program.toString('latin1'), {
  filename: file,
  ...(cachedData && { cachedData }),
})
if (script.cachedDataRejected === true)
  note = `the code cache was made by another Node.js than ${process.version}: it is not used`
const run = script.runInThisContext() as Program
run(require, __dirname, note)
