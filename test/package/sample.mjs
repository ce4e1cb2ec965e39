// The sample, built in a folder of another root. Prints the arguments of criu-gc as they are seen from
// there, one a line; the links are listed in the file `links` beside it.
//   node sample.mjs ROOT FOLDER
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSample } from '../sample/build.mjs'

const [root, folder] = process.argv.slice(2)
const at = join(root, folder)
mkdirSync(at, { recursive: true })
const { links, args } = buildSample(at)
writeFileSync(join(at, 'links'), links.map(({ link }) => `${link}\n`).join(''))
console.log(args.map((argument) => argument.replace(at, folder)).join('\n'))
