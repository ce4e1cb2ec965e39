// node scripts/cache.mjs [FOLDER]: what this Node makes of FOLDER/program.cjs, beside it, for the launcher. All
// functions, not just those that run at once, so that none has to be compiled later.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

const [folder = 'dist'] = process.argv.slice(2)
const filename = join(folder, 'program.cjs')
const program = readFileSync(filename)
setFlagsFromString('--no-lazy')
const script = new Script(program.toString('latin1'), { filename })
// The cache holds the flags, which have to be those of the command.
setFlagsFromString('--lazy')
// First what V8 made, which it would copy where it does not begin at a whole word.
const cache = Buffer.concat([script.createCachedData(), program])
const file = join(folder, 'program.cache')
rmSync(file, { force: true })
writeFileSync(file, cache, { mode: 0o644 })
