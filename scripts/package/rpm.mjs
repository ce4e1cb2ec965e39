// An .rpm from the same. rpmbuild finds by itself which libraries the programs need.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rpmName } from './flavours.mjs'
import { run } from './run.mjs'

const line = ({ to, doc }) => `${doc ? '%doc ' : ''}${to}`

/** Every folder below the one that only this package has. */
const ownFolders = (contents) => {
  const found = new Set()
  for (const { to } of contents)
    for (let at = to; (at = at.slice(0, at.lastIndexOf('/'))).split('/').length > 3;)
      if (/^\/usr\/(lib|share\/doc)\/|^\/usr\/share\/criu-gc$/.test(at)) found.add(at)
  return [...found].sort().map((folder) => `%dir ${folder}`)
}

const specOf = (flavour, version, contents) => [
  `Name: ${flavour.name}`,
  `Version: ${version}`,
  'Release: 1',
  `Summary: ${flavour.summary}`,
  `License: ${flavour.license}`,
  ...flavour.rpm.map((need) => `Requires: ${need}`),
  `Conflicts: ${flavour.other}`,
  ...flavour.provides.map((name) => `Provides: ${name} = ${version}`),
  'AutoProv: no',
  '%description',
  ...flavour.description,
  '%files',
  '%defattr(-,root,root,-)',
  ...ownFolders(contents),
  ...contents.map(line),
]

/** Nothing is compiled here: what was staged goes in as it is. */
const AS_IT_IS = {
  debug_package: '%{nil}',
  __os_install_post: '%{nil}',
  _build_id_links: 'none',
  _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
}

export const makeRpm = (flavour, platform, version, root, { level, out, work, contents }) => {
  const top = join(work, `rpmbuild-${flavour.name}-${platform.arch}`)
  mkdirSync(top, { recursive: true })
  const spec = join(top, `${flavour.name}.spec`)
  writeFileSync(spec, `${specOf(flavour, version, contents).join('\n')}\n`)
  const macros = {
    ...AS_IT_IS,
    _topdir: top,
    _rpmdir: top,
    _binary_payload: `w${level}T0.xzdio`,
  }
  const defines = Object.entries(macros).flatMap(([name, value]) => [
    '--define',
    `${name} ${value}`,
  ])
  const how = ['-bb', '--quiet', '--noclean', '--target', `${platform.rpm}-linux`]
  run('rpmbuild', [...how, ...defines, '--buildroot', root, spec], { from: 'rpm' })
  const name = rpmName(flavour, platform, version)
  renameSync(join(top, name), join(out, name))
  return join(out, name)
}
