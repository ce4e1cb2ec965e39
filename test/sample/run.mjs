// The embedded sample: the images of a real dump (see expected.json), whose container is built again
// in a temporary folder. Then: look, clean, look again. Needs root, not CRIU.
//   npm run sample
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSample } from './build.mjs'

const command = join(import.meta.dirname, '..', '..', 'dist', 'criu-gc.cjs')

/** runs the command as a person would, with what it says on the same terminal */
function run(word, options, expectedCode) {
  const args = [word, ...options]
  console.log(
    `\n$ criu-gc ${args.map((arg) => (/[^\w/:.-]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`,
  )
  // without what this one's environment says to Node: criu-gc refuses to run as root with that
  const node = ['-i', `PATH=${process.env.PATH}`, process.env.CRIU_GC_NODE ?? process.execPath]
  const { status } = spawnSync('env', [...node, command, ...args], { stdio: 'inherit' })
  console.log(`(exit ${status})`)
  expect(status === expectedCode, `${word}: exit ${status}, not ${expectedCode}`)
}

function expect(condition, otherwise) {
  if (condition) return
  console.error(`sample: ${otherwise}`)
  process.exitCode = 1
}

const temporary = fs.mkdtempSync(join(tmpdir(), 'criu-gc-sample-'))
try {
  const { links, args } = buildSample(temporary)
  run('show', args, 3)
  for (const { link } of links) expect(fs.existsSync(link), `show removed ${link}`)
  run('clean', args, 0)
  for (const { link, kept } of links) {
    expect(!fs.existsSync(link), `${link} is still there`)
    expect(fs.existsSync(kept) && fs.statSync(kept).nlink === 1, `${kept} was touched`)
  }
  run('show', args, 0)
} finally {
  fs.rmSync(temporary, { recursive: true, force: true })
}
