// The npm tarball as its users get it: what is in it, that npm runs nothing, and that it works where there
// is no compiler and nothing else to install.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { must, type Result } from '../rig/command.js'
import { inRepo } from '../rig/repo.js'

const CROSS = 'aarch64-linux-gnu'

const find = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => fs.existsSync(file))

const skip =
  ['x86_64-linux-gnu-g++', `${CROSS}-g++`].every((name) => find(name) !== undefined) ||
  `needs compilers for both processors: g++ and g++-${CROSS}`
const needsRoot = process.getuid?.() === 0 ? false : 'needs root'

/** With this environment and no other: tap puts what it says to Node into whatever a test starts. */
const run = (cwd: string, command: string, args: string[], env = process.env): Result => {
  const words = Object.entries(env)
    .filter(([name]) => name !== 'NODE_OPTIONS')
    .map(([name, value = '']) => `${name}=${value}`)
  const done = spawnSync('/usr/bin/env', ['-i', ...words, command, ...args], {
    cwd,
    encoding: 'utf8',
  })
  if (done.error) throw done.error
  return { code: done.status ?? -1, stdout: done.stdout, stderr: done.stderr }
}

const temporary = (t: Test): string => {
  const folder = fs.mkdtempSync(join(os.tmpdir(), 'criu-gc-tarball-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

const FILES = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'dist/THIRD-PARTY.txt',
  'dist/criu-gc.cjs',
  'dist/index.d.ts',
  'dist/index.js',
  'dist/program.cjs',
  'man/criu-gc.8',
  'package.json',
  'prebuilds/linux-arm64/syscalls.node',
  'prebuilds/linux-x64/syscalls.node',
  'schema/criu-gc-1.schema.json',
]

/** As `readelf` and `objdump` have it. */
const ADDONS = [
  { arch: 'x64', machine: 'X86-64', triplet: 'x86_64-linux-gnu', glibc: 14, eight: /\$0x8,%eax/ },
  { arch: 'arm64', machine: 'AArch64', triplet: CROSS, glibc: 17, eight: /w0, #0x8\b/ },
]

/** Greater where it is newer: of 3.4.21 the third number, of 2.14 the second. */
const newest = (text: string, name: string, before: string): number =>
  Math.max(
    ...[...text.matchAll(new RegExp(`Name: ${name}_([\\d.]+)`, 'g'))].map(([, version = '']) => {
      if (version !== before && !version.startsWith(`${before}.`)) return Infinity
      return Number(version.slice(before.length + 1).split('.')[0])
    }),
  )

/** A PATH with Node and npm, and what their first lines need. */
const barePath = (folder: string): string => {
  const bin = join(folder, 'bin')
  fs.mkdirSync(bin)
  for (const name of ['npm', 'env', 'sh']) fs.symlinkSync(find(name) as string, join(bin, name))
  fs.symlinkSync(process.execPath, join(bin, 'node'))
  return bin
}

t.test('the tarball', { skip: skip === true ? false : skip }, (t) => {
  const out = temporary(t)
  const args = ['run', '--silent', 'package', '--', '--built', '--only', 'npm', out]
  const made = run(inRepo(), 'npm', args)
  t.equal(made.code, 0, made.stderr)
  const { version } = JSON.parse(fs.readFileSync(inRepo('package.json'), 'utf8')) as {
    version: string
  }
  const tarball = join(out, `criu-gc-${version}.tgz`)
  must('tar', ['-xzf', tarball, '-C', out])
  const content = join(out, 'package')

  t.test('has these files', (t) => {
    const listed = must('tar', ['-tzf', tarball]).trim().split('\n')
    t.strictSame(listed.map((file) => file.replace('package/', '')).sort(), FILES)
    t.end()
  })

  t.test('asks npm for nothing: no script, no dependency, no recipe of node-gyp', (t) => {
    const manifest = JSON.parse(fs.readFileSync(join(content, 'package.json'), 'utf8')) as object
    for (const key of ['scripts', 'dependencies', 'devDependencies', 'gypfile'])
      t.notOk(key in manifest, key)
    t.match(manifest, { os: ['linux'], cpu: ['x64', 'arm64'] })
    t.end()
  })

  t.test('has the licences of what is bundled, and of nothing else', (t) => {
    const notices = fs.readFileSync(join(content, 'dist', 'THIRD-PARTY.txt'), 'utf8')
    const named = [...notices.matchAll(/^(\S+) [\d.]+ \((\S+)\)$/gm)].map(([, name]) => name)
    t.strictSame(named, ['fzstd', 'node-addon-api', 'protobufjs', 'tar'])
    t.match(notices, /Copyright \(c\) 2016, Daniel Wirtz/)
    t.end()
  })

  for (const { arch, machine, triplet, glibc, eight } of ADDONS)
    t.test(`the addon for ${arch}`, (t) => {
      const file = join(content, 'prebuilds', `linux-${arch}`, 'syscalls.node')
      t.match(must('readelf', ['--file-header', file]), machine)
      const versions = must('readelf', ['--version-info', '--wide', file])
      t.ok(newest(versions, 'GLIBC', '2') <= glibc, `glibc 2.${glibc} or older`)
      t.ok(newest(versions, 'GLIBCXX', '3.4') <= 21, 'libstdc++ of GCC 5')
      t.ok(newest(versions, 'CXXABI', '1.3') <= 9, 'its ABI')
      t.match(must('readelf', ['--dynamic', file]), /BIND_NOW|NOW/)
      t.notMatch(must('readelf', ['--sections', '--wide', file]), /\.symtab/, 'stripped')
      const [, version] =
        /<node_api_module_get_api_version_v1(?:@@Base)?>:\n((?:.*\n){3})/.exec(
          must(`${triplet}-objdump`, ['--disassemble', file]),
        ) ?? []
      t.match(version, eight, 'Node-API 8')
      t.end()
    })

  t.test('publint and attw have nothing to say', (t) => {
    const checks = {
      publint: ['--strict', tarball],
      attw: ['--profile', 'esm-only', '--no-emoji', '--no-color', tarball],
    }
    for (const [name, args] of Object.entries(checks)) {
      const { code, stdout, stderr } = run(out, inRepo('node_modules', '.bin', name), args)
      t.equal(code, 0, `${name}: ${stdout}${stderr}`)
    }
    t.end()
  })

  t.test('installed in an empty folder', { skip: needsRoot }, (t) => {
    const folder = temporary(t)
    const env = { PATH: barePath(folder), HOME: folder }
    fs.writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const quiet = ['--offline', '--no-audit', '--no-fund', '--prefix', folder]
    const install = (...more: string[]): void => {
      const { code, stderr } = run(folder, 'npm', ['install', ...more, ...quiet, tarball], env)
      t.equal(code, 0, stderr)
    }
    install('--ignore-scripts')
    const modules = join(folder, 'node_modules')
    const installed = fs.readdirSync(modules).filter((name) => !name.startsWith('.'))
    t.strictSame(installed, ['criu-gc'], 'nothing beside it')
    const lock = fs.readFileSync(join(modules, '.package-lock.json'), 'utf8')
    t.notMatch(lock, /hasInstallScript/)

    const command = join(modules, '.bin', 'criu-gc')
    t.equal(run(folder, command, ['--version'], env).stdout, `criu-gc ${version}\n`)

    const sample = join(folder, 'sample')
    const built = must(process.execPath, [inRepo('test', 'package', 'sample.mjs'), '/', sample])
    const args = built.trim().split('\n')
    const links = fs.readFileSync(join(sample, 'links'), 'utf8').trim().split('\n')
    const there = () => links.filter((link) => fs.existsSync(link)).length
    t.equal(there(), 5)
    const shown = run(folder, command, ['show', ...args], env)
    t.match(shown, { code: 3, stderr: /5 would remove, 2 vanished/ }, 'show')

    const [images, root, external] = [args[1], args[3], args[5]]
    const script = `
      import { readCheckpoint, show } from 'criu-gc'
      const where = ${JSON.stringify({ imagesDir: images, root, external: [external] })}
      const { totals } = await show(where)
      console.log(readCheckpoint(where.imagesDir).remaps.length, totals['would-remove'])
    `
    const used = run(folder, 'node', ['--input-type=module', '--eval', script], env)
    t.match(used, { code: 0, stdout: '7 5\n' }, `the library: ${used.stderr}`)

    t.equal(there(), 5, 'so far nothing was touched')
    const cleaned = run(folder, command, ['clean', ...args], env)
    t.match(cleaned, { code: 0, stderr: /5 removed, 2 vanished/ }, 'clean')
    t.equal(there(), 0)

    // npm that may run scripts finds none, and leaves what it has put there as it is.
    const before = fs.readdirSync(join(modules, 'criu-gc'))
    fs.rmSync(modules, { recursive: true })
    install()
    t.strictSame(fs.readdirSync(join(modules, 'criu-gc')), before, 'nothing was built')
    t.end()
  })
  t.end()
})

t.test('the clone itself is not packed: it would have no addon', (t) => {
  // What npm runs first; npm itself might build dist/ anew, which other tests are using.
  const done = run(inRepo(), 'npm', ['run', '--silent', 'prepack'])
  t.not(done.code, 0)
  t.match(done.stderr, /"npm run package" makes the tarball/)
  t.end()
})
