// dist/: the modules of the library as tsc writes them, and the command as one file in which everything
// lies that root runs, so that it loads nothing after its first system call.
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { build } from 'esbuild'

const OUTFILE = 'dist/criu-gc.cjs'

/** Cleared before Node starts: what steers Node or the loader must not reach a process of root. */
const KEPT = ['PATH', 'HOME', 'CRIU_CONFIG_FILE', 'NO_COLOR']
const environment = KEPT.map((name) => `${name}=\${${name}}`).join(' ')

execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
await build({
  entryPoints: ['src/bin.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // protobufjs takes 64-bit numbers and a writer along, which nothing here needs.
  alias: {
    long: './src/images/no-long.cjs',
    'protobufjs/minimal.js': './src/images/reader-only.cjs',
  },
  banner: { js: `#!/usr/bin/env -S -i ${environment} node` },
  logLevel: 'warning',
  outfile: OUTFILE,
})
chmodSync(OUTFILE, 0o755)
