// dist/: the command and the library, each as one file in which everything lies that it runs. So root
// loads nothing after its first system call, and nothing is installed beside.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { notices } from './notices.mjs'
import { MORE } from './parts.mjs'
import { buildParts } from './split.mjs'

const COMMAND = 'dist/criu-gc.cjs'
const PROGRAM = 'dist/program.cjs'

/** Cleared before Node starts: what steers Node or the loader must not reach a process of root. */
const KEPT = ['PATH', 'HOME', 'CRIU_CONFIG_FILE', 'NO_COLOR']
const environment = KEPT.map((name) => `${name}=\${${name}}`).join(' ')

/**
 * protobufjs takes 64-bit numbers, a writer and much else along, which nothing here needs. fzstd makes tables as soon as
 * it is loaded.
 */
const standIns = {
  name: 'stand-ins',
  setup: ({ onResolve }) => {
    const stands = (filter, name) =>
      onResolve({ filter }, () => ({ path: resolve('src/images', name) }))
    stands(/^protobufjs\/minimal\.js$/, 'reader-only.cjs')
    // Required by files of protobufjs alone.
    stands(/\/util\/minimal$/, 'reader-util.cjs')
    stands(/^fzstd$/, 'lazy-zstd.cjs')
  },
}

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  plugins: [standIns],
  logLevel: 'warning',
  metafile: true,
}

/**
 * esbuild copies each property of a module of Node's, for each file that imports it; twenty copies of node:fs take two
 * milliseconds. Here one object stands for all.
 */
const sharingBuiltins = (text) => {
  const names = new Set()
  const shared = text.replace(
    /__toESM\(require\("node:(\w+)"\), 1\)|require\("node:(\w+)"\)/g,
    (_, whole, named) => {
      names.add(whole ?? named)
      return `node_${whole ?? named}`
    },
  )
  const once = [...names].map(
    (name) =>
      `var node_${name} = { default: require("node:${name}"), __proto__: require("node:${name}") };\n`,
  )
  return shared.replace('"use strict";\n', (line) => line + once.join(''))
}

rmSync('dist', { recursive: true, force: true })
mkdirSync('dist')
// Two functions, one after the other, which the launcher can run with a cache of what V8 makes of them.
const parts = await buildParts('src/bin.ts', common)
const texts = parts.map(({ outputFiles: [file] }) => sharingBuiltins(file.text))
writeFileSync(PROGRAM, texts.join(MORE))
const launcher = await build({
  ...common,
  entryPoints: ['src/launch.ts'],
  define: { MORE: JSON.stringify(MORE) },
  format: 'cjs',
  banner: { js: `#!/usr/bin/env -S -i ${environment} node` },
  outfile: COMMAND,
})
chmodSync(COMMAND, 0o755)
// With no variable that would give V8 other flags than the command has.
execFileSync(process.execPath, ['scripts/cache.mjs'], { stdio: 'inherit', env: {} })
const library = await build({
  ...common,
  entryPoints: ['src/index.ts'],
  format: 'esm',
  outfile: 'dist/index.js',
})
// One file too, of the types that somebody can meet: those of the rest would need @types/node.
const types = ['--silent', '--no-check', '--no-banner', '--export-referenced-types=false']
const input = ['--project', 'tsconfig.build.json', '-o', 'dist/index.d.ts', 'src/index.ts']
execFileSync('dts-bundle-generator', [...types, ...input], { stdio: 'inherit' })

// node-addon-api is compiled into the addon.
const inputs = [...parts, launcher, library].flatMap(({ metafile }) => Object.keys(metafile.inputs))
writeFileSync('dist/THIRD-PARTY.txt', notices([...inputs, 'node_modules/node-addon-api/napi.h']))
