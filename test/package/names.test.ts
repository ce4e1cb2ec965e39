// The README, the manifest and the description of the packages agree.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { inRepo } from '../rig/repo.js'

interface Flavour {
  name: string
  deb: string[]
  rpm: string[]
}
type NameOf = (flavour: Flavour, platform: object, version: string) => string

const { FLAVOURS, NODE, debName, rpmName } = (await import(
  inRepo('scripts', 'package', 'flavours.mjs')
)) as { FLAVOURS: Flavour[]; NODE: { version: string }; debName: NameOf; rpmName: NameOf }
const { PLATFORMS } = (await import(inRepo('scripts', 'package', 'platforms.mjs'))) as {
  PLATFORMS: { arch: string; deb: string; rpm: string }[]
}

const readme = readFileSync(inRepo('README.md'), 'utf8')
const manifest = JSON.parse(readFileSync(inRepo('package.json'), 'utf8')) as {
  version: string
  engines: { node: string }
  cpu: string[]
}

t.test('the README names the packages as they are called', (t) => {
  const { version } = manifest
  const names = PLATFORMS.flatMap((platform) =>
    FLAVOURS.flatMap((flavour) => [debName, rpmName].map((of) => of(flavour, platform, version))),
  ).concat(`criu-gc-${version}.tgz`)
  const inReadme = [...readme.matchAll(/criu-gc[\w.-]*\.(?:deb|rpm|tgz)/g)].map(([name]) => name)
  for (const name of inReadme) t.ok(names.includes(name), name)
  for (const name of names.filter((name) => !/a(?:arch|rm)64/.test(name)))
    t.ok(inReadme.includes(name), `${name} in the README`)
  for (const { deb, rpm } of PLATFORMS.filter(({ arch }) => arch !== 'x64'))
    for (const word of [deb, rpm]) t.ok(readme.includes(`\`${word}\``), word)
  t.end()
})

t.test('which Node they need, or bring', (t) => {
  t.match(readme, `Node.js ${NODE.version} for itself`)
  const wanted = manifest.engines.node.replace('>=', '')
  const [system, own] = FLAVOURS
  t.ok(system?.deb.includes(`nodejs (>= ${wanted})`))
  t.ok(system?.rpm.includes(`nodejs >= 1:${wanted}`))
  t.notMatch([...(own?.deb ?? []), ...(own?.rpm ?? [])].join(), /nodejs/)
  t.end()
})

t.test('processors', (t) => {
  t.strictSame(
    PLATFORMS.map(({ arch }) => arch),
    manifest.cpu,
  )
  t.end()
})
