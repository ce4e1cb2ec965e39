// A .deb from a staged folder.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import { debName } from './flavours.mjs'
import { run } from './run.mjs'

const filesBelow = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

export const makeDeb = (flavour, platform, version, root, { level, out }) => {
  const files = filesBelow(root)
  const size = files.reduce((sum, file) => sum + Math.ceil(statSync(file).size / 1024), 0)
  const sums = files.map(
    (file) =>
      `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(root, file)}\n`,
  )
  const control = [
    `Package: ${flavour.name}`,
    `Version: ${version}`,
    `Architecture: ${platform.deb}`,
    'Maintainer: the maintainers of criu-gc',
    `Installed-Size: ${size}`,
    `Depends: ${flavour.deb.join(', ')}`,
    `Conflicts: ${flavour.other}`,
    `Replaces: ${flavour.other}`,
    ...flavour.provides.map((name) => `Provides: ${name} (= ${version})`),
    'Section: admin',
    'Priority: optional',
    `Description: ${flavour.summary}`,
    ...flavour.description.map((line) => ` ${line}`),
  ]
  mkdirSync(join(root, 'DEBIAN'), { mode: 0o755 })
  writeFileSync(join(root, 'DEBIAN', 'control'), `${control.join('\n')}\n`)
  writeFileSync(join(root, 'DEBIAN', 'md5sums'), sums.join(''))
  const file = join(out, debName(flavour, platform, version))
  const how = ['--root-owner-group', '-Zxz', `-z${level}`, '--build']
  run('dpkg-deb', [...how, root, file], { from: 'dpkg' })
  return file
}
