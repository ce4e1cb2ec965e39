// Every unit test in one process: `npx tap out/test/unit/all.js`. To start a process and tap in it takes
// longer than nearly all of these tests do.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = fs.readdirSync(here, { recursive: true, encoding: 'utf8' })
for (const name of names.filter((one) => one.endsWith('.test.js')).sort()) await import(`./${name}`)
