// The Node of criu-gc-node: the pinned npm package, checked against the sum that stands in the table, and
// stripped, which leaves all that it needs to run and to load the addon.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE } from './flavours.mjs'
import { compilerPackage, tool } from './platforms.mjs'
import { run } from './run.mjs'

/** Paths of the program and of its licence, below `work`. */
export const fetchNode = (platform, work) => {
  const folder = join(work, `node-${platform.arch}`)
  mkdirSync(folder, { recursive: true })
  const name = `node-linux-${platform.arch}@${NODE.version}`
  const [file] = run('npm', ['pack', '--silent', name, '--pack-destination', folder])
    .trim()
    .split('\n')
    .slice(-1)
  const tarball = join(folder, file)
  const sum = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  if (sum !== NODE.integrity[platform.arch])
    throw new Error(`${name} is not the one that is wanted: it has ${sum}`)
  run('tar', ['-xzf', tarball, '-C', folder, 'package/bin/node', 'package/LICENSE'])
  const node = join(folder, 'package', 'bin', 'node')
  run(tool(platform, 'strip'), ['--strip-all', node], { from: compilerPackage(platform) })
  return { node, licence: join(folder, 'package', 'LICENSE') }
}
