// All unit tests in one process, because starting one for each file would take most of the time: for
// "npm run test:unit". It needs neither root nor CRIU. Whatever fails here alone leaves something behind.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'

// Each may take as long as the whole: what hangs has a watch of its own.
t.setTimeout(0)
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
for (const file of files.filter((name) => name.endsWith('.test.js')).sort())
  await import(pathToFileURL(join(import.meta.dirname, file)).href)
