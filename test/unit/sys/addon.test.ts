import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { LAYOUT, loadAddon } from '../../../src/sys/addon.js'
import { refuses, test, type Test } from '../support/check.js'

const PREBUILT = `prebuilds/linux-${process.arch}/syscalls.node`

/** Files below a folder of their own, whose names are paths; the program would be in `dist`. */
const packageOf = (t: Test, files: Record<string, string>): string => {
  const dir = t.testdir({ dist: {} })
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.join(dir, path.dirname(name)), { recursive: true })
    fs.writeFileSync(path.join(dir, name), content)
  }
  return path.join(dir, 'dist')
}

/** Loads what `dlopen` would be given, and says which file that was. */
const opened = (t: Test, directory: string): string | undefined => {
  const dlopen = process.dlopen.bind(process)
  t.teardown(() => (process.dlopen = dlopen))
  let file: string | undefined
  process.dlopen = (addon, name) => {
    file = name
    ;(addon as { exports: object }).exports = { layout: LAYOUT }
  }
  loadAddon(directory)
  process.dlopen = dlopen
  return file
}

test('an addon that was not built, in a clone', (t) => {
  const dist = packageOf(t, { 'binding.gyp': '' })
  const error = refuses(t, () => loadAddon(dist), 'unsupported', /the addon was not built/)
  const clone = path.dirname(dist)
  t.match(error?.next, `nothing was touched; run "npm run build:native" in ${clone} `)
})

test('a package that has none for this processor has no such command', (t) => {
  const dist = packageOf(t, { 'prebuilds/linux-s390x/syscalls.node': '' })
  const problem = `this package has no addon for linux-${process.arch}`
  const error = refuses(t, () => loadAddon(dist), 'unsupported', new RegExp(problem))
  t.match(error?.next, /^nothing was touched; install the package again, as root, or .* a clone/)
  t.notMatch(error?.next, /npm run/)
})

test('the one of the package comes first, then the one that was built', (t) => {
  const built = 'build/Release/syscalls.node'
  const both = packageOf(t, { [PREBUILT]: '', [built]: '' })
  t.equal(opened(t, both), path.join(both, '..', PREBUILT))
  fs.rmSync(path.join(both, '..', PREBUILT))
  t.equal(opened(t, both), path.join(both, '..', built))
})

test('an addon that somebody else may write is not loaded', (t) => {
  for (const place of [PREBUILT, 'build/Release/syscalls.node']) {
    const dist = packageOf(t, { [place]: '' })
    const file = path.join(dist, '..', place)
    for (const folder of [dist, path.dirname(file)]) fs.chmodSync(folder, 0o755)
    fs.chmodSync(file, 0o757)
    refuses(t, () => opened(t, dist), 'unsupported', /not safe: everybody may write it/)
    fs.chmodSync(file, 0o755)
    t.equal(opened(t, dist), file)
  }
})

test('an addon that is none', (t) => {
  const dir = t.testdir({ dist: {}, build: { Release: { 'syscalls.node': 'not a library' } } })
  const load = () => loadAddon(path.join(dir, 'dist'))
  refuses(t, load, 'unsupported', /the addon cannot be loaded/)
})

test('a folder above the package has no say: anybody may have made it', (t) => {
  const dir = t.testdir({
    package: { dist: { below: {} } },
    prebuilds: { [`linux-${process.arch}`]: { 'syscalls.node': 'not a library' } },
    build: { Release: { 'syscalls.node': 'not a library' } },
  })
  for (const place of ['package/dist', 'package/dist/below'])
    refuses(t, () => loadAddon(path.join(dir, place)), 'unsupported', /has no addon/)
})

test('neither the environment nor the working directory takes part in the search', (t) => {
  const dir = t.testdir({
    a: { b: { c: {} } },
    other: {
      build: { Release: { 'syscalls.node': 'x' } },
      prebuilds: { [`linux-${process.arch}`]: { 'syscalls.node': 'x' } },
      node_modules: { 'syscalls.node': 'x' },
      'syscalls.node': 'x',
    },
  })
  const before = [process.cwd(), process.env.NODE_PATH] as const
  try {
    process.chdir(path.join(dir, 'other'))
    process.env.NODE_PATH = path.join(dir, 'other')
    refuses(t, () => loadAddon(path.join(dir, 'a/b/c')), 'unsupported', /has no addon/)
  } finally {
    process.chdir(before[0])
    if (before[1] === undefined) delete process.env.NODE_PATH
    else process.env.NODE_PATH = before[1]
  }
})

test('a folder in the place of the addon', (t) => {
  const dir = t.testdir({ a: {}, build: { Release: { 'syscalls.node': {} } } })
  refuses(t, () => loadAddon(path.join(dir, 'a')), 'unsupported', /cannot be loaded: .*directory/)
})

test('an addon that may not be read', (t) => {
  // The folder of the tests need not be open to everybody, and root may read any file.
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'addon-'))
  t.teardown(() => fs.rmSync(dir, { recursive: true }))
  const release = path.join(dir, 'build/Release')
  fs.mkdirSync(release, { recursive: true })
  fs.writeFileSync(path.join(release, 'syscalls.node'), 'x', { mode: 0 })
  fs.mkdirSync(path.join(dir, 'a'))
  fs.chmodSync(dir, 0o755)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    const load = () => loadAddon(path.join(dir, 'a'))
    refuses(t, load, 'unsupported', /the addon cannot be loaded: .*Permission denied/)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

test('an addon of another version would be misread', (t) => {
  const dlopen = process.dlopen.bind(process)
  t.teardown(() => (process.dlopen = dlopen))
  const clone = packageOf(t, { 'binding.gyp': '', 'build/Release/syscalls.node': '' })
  for (const layout of [undefined, LAYOUT - 1, LAYOUT + 1]) {
    process.dlopen = (addon) => ((addon as { exports: object }).exports = { layout })
    const error = refuses(t, () => loadAddon(clone), 'unsupported', /built for another version/)
    t.match(error?.next, /nothing was touched; run "npm run build:native"/)
  }
  process.dlopen = (addon) => ((addon as { exports: object }).exports = { layout: LAYOUT })
  t.equal(loadAddon(clone).layout, LAYOUT)
})
