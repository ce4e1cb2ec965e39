// The npm tarball: a folder with what `files` of package.json names, and a package.json without what only
// a clone needs. No script, no binding.gyp: there is nothing that npm could run where it is installed.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'

/** Of a clone alone. */
const LEFT_OUT = ['scripts', 'tap', 'devDependencies']
/** npm takes these along by itself. */
const ALWAYS = ['README.md', 'LICENSE']

/** `prebuilds`: folder with linux-ARCH/syscalls.node. Returns the path of the tarball. */
export const makeTarball = (repo, prebuilds, work, out) => {
  const manifest = JSON.parse(readFileSync(join(repo, 'package.json'), 'utf8'))
  const folder = join(work, 'npm')
  mkdirSync(folder, { recursive: true })
  for (const name of [...manifest.files, ...ALWAYS]) {
    const from = name === 'prebuilds' ? prebuilds : join(repo, name)
    cpSync(from, join(folder, name), { recursive: true })
  }
  const kept = Object.entries(manifest).filter(([key]) => !LEFT_OUT.includes(key))
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`,
  )
  const [name] = run('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder })
    .trim()
    .split('\n')
    .slice(-1)
  return join(out, name)
}
