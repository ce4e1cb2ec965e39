// All packages, into one folder: the npm tarball, and for each processor a .deb and an .rpm that need the
// system's Node, and such with a Node of their own.
//   npm run package -- [--fast] [--built] [--only npm] [FOLDER]
// --fast: hardly compressed, for tests. --built: dist/ is as it should be. Default folder: packages
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildAddon } from './package/addon.mjs'
import { makeCache } from './package/code-cache.mjs'
import { makeDeb } from './package/deb.mjs'
import { contentsOf, FLAVOURS } from './package/flavours.mjs'
import { fetchNode } from './package/own-node.mjs'
import { PLATFORMS } from './package/platforms.mjs'
import { makeRpm } from './package/rpm.mjs'
import { run } from './package/run.mjs'
import { stage, textsOf } from './package/stage.mjs'
import { makeTarball } from './package/tarball.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fast: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
const repo = resolve(import.meta.dirname, '..')
const out = resolve(positionals[0] ?? join(repo, 'packages'))
const { version } = JSON.parse(readFileSync(join(repo, 'package.json'), 'utf8'))
const level = values.fast ? 0 : 6

const say = (file) => console.log(file)

/** Both kinds of one flavour for one processor; each from a folder of its own. */
const systemPackages = (flavour, platform, { prebuilds, work, own }) => {
  const licence = own === undefined ? '' : readFileSync(own.licence, 'utf8')
  const texts = textsOf(flavour, repo, licence)
  const { arch } = platform
  const { node, cache } = own ?? {}
  const contents = contentsOf(flavour, { repo, prebuilds, arch, node, cache, texts })
  for (const [kind, make] of Object.entries({ deb: makeDeb, rpm: makeRpm })) {
    const root = join(work, `${kind}-${flavour.name}-${arch}`)
    const files = contents.filter(({ only = kind }) => only === kind)
    stage(files, root)
    say(make(flavour, platform, version, root, { level, out, work, contents: files }))
    rmSync(root, { recursive: true, force: true })
  }
}

// What is packed has these modes, whatever this shell would give it.
process.umask(0o022)
const work = mkdtempSync(join(tmpdir(), 'criu-gc-package-'))
try {
  mkdirSync(out, { recursive: true })
  if (!values.built) run('npm', ['run', 'build'], { cwd: repo })
  const prebuilds = join(work, 'prebuilds')
  for (const platform of PLATFORMS)
    buildAddon(platform, join(prebuilds, `linux-${platform.arch}`, 'syscalls.node'))
  say(makeTarball(repo, prebuilds, work, out))
  if (values.only !== 'npm')
    for (const platform of PLATFORMS) {
      const fetched = fetchNode(platform, work)
      const own = { ...fetched, cache: makeCache(platform, fetched.node, { repo, work }) }
      for (const flavour of FLAVOURS)
        systemPackages(flavour, platform, {
          prebuilds,
          work,
          own: flavour.ownNode ? own : undefined,
        })
    }
} finally {
  rmSync(work, { recursive: true, force: true })
}
