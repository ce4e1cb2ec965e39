// The two parts of the built program, and its code cache.
import { must } from './command.js'
import { inRepo } from './repo.js'

/** ends the first part */
export const { MORE } = (await import(inRepo('scripts', 'parts.mjs'))) as { MORE: string }

const SCRIPT = `
  const { readFileSync } = require('node:fs')
  const { Script } = require('node:vm')
  const [, program, file] = process.argv
  const text = readFileSync(program, 'latin1')
  const begin = text.indexOf(${JSON.stringify(MORE)}) + ${MORE.length}
  const cache = readFileSync(file)
  let at = 0
  const take = (length) => cache.subarray(at, (at += length))
  const words = Array.from({ length: 4 }, (_, word) => cache.readUInt32LE(cache.length - 16 + 4 * word))
  const rejected = [text.slice(0, begin), text.slice(begin)].map((part, index) => {
    const cachedData = take(words[2 * index])
    if (take(words[2 * index + 1]).toString('latin1') !== part) return 'of another program'
    return new Script(part, { cachedData }).cachedDataRejected
  })
  console.log(JSON.stringify(rejected))`

/** of each part: whether Node refuses what is in the cache */
export const refused = (program: string, cache: string, node = process.execPath): unknown =>
  JSON.parse(must('env', ['-i', node, '-e', SCRIPT, program, cache]))
