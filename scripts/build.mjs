// dist/: the command and the library, each as one file in which everything lies that it runs. So root
// loads nothing after its first system call, and nothing is installed beside.
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { notices } from './notices.mjs'

const OUTFILE = 'dist/criu-gc.cjs'

/** Cleared before Node starts: what steers Node or the loader must not reach a process of root. */
const KEPT = ['PATH', 'HOME', 'CRIU_CONFIG_FILE', 'NO_COLOR']
const environment = KEPT.map((name) => `${name}=\${${name}}`).join(' ')

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // protobufjs takes 64-bit numbers and a writer along, which nothing here needs.
  alias: {
    long: './src/images/no-long.cjs',
    'protobufjs/minimal.js': './src/images/reader-only.cjs',
  },
  logLevel: 'warning',
  metafile: true,
}

rmSync('dist', { recursive: true, force: true })
const command = await build({
  ...common,
  entryPoints: ['src/bin.ts'],
  format: 'cjs',
  banner: { js: `#!/usr/bin/env -S -i ${environment} node` },
  outfile: OUTFILE,
})
chmodSync(OUTFILE, 0o755)
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
const inputs = [command, library].flatMap(({ metafile }) => Object.keys(metafile.inputs))
writeFileSync('dist/THIRD-PARTY.txt', notices([...inputs, 'node_modules/node-addon-api/napi.h']))
