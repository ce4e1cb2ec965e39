// node scripts/cache.mjs [FOLDER]: what this Node makes of both parts of FOLDER/program.cjs, beside it, for the
// launcher. All functions, not just those that run at once, so that none has to be compiled later.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { partsOf } from './parts.mjs'

const [folder = 'dist'] = process.argv.slice(2)
const filename = join(folder, 'program.cjs')

/** What V8 made of it, and the text behind. */
const cacheOf = (text) => {
  setFlagsFromString('--no-lazy')
  const script = new Script(text.toString('latin1'), { filename })
  // The cache holds the flags, which have to be those of the command.
  setFlagsFromString('--lazy')
  return [script.createCachedData(), text]
}

const pieces = partsOf(readFileSync(filename)).flatMap(cacheOf)
// At the end, so that each begins where it would anyway: their lengths in bytes.
const lengths = Buffer.from(Uint32Array.from(pieces, ({ length }) => length).buffer)
const file = join(folder, 'program.cache')
rmSync(file, { force: true })
writeFileSync(file, Buffer.concat([...pieces, lengths]), { mode: 0o644 })
