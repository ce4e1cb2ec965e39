import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { LAYOUT, loadAddon } from '../../../src/sys/addon.js'
import { inRepo } from '../../rig/repo.js'
import { refuses, test } from '../support/check.js'

test('an addon that was not built', (t) => {
  const dir = t.testdir({ a: { b: { c: {} } } })
  const error = refuses(
    t,
    () => loadAddon(path.join(dir, 'a/b/c')),
    'unsupported',
    /the addon was not built/,
  )
  t.match(error?.next, /build:native/)
})

test('an addon that is none', (t) => {
  const dir = t.testdir({ dist: {}, build: { Release: { 'syscalls.node': 'not a library' } } })
  const load = () => loadAddon(path.join(dir, 'dist'))
  refuses(t, load, 'unsupported', /the addon cannot be loaded/)
})

test('a folder above the package has no say: anybody may have made it', (t) => {
  const dir = t.testdir({
    package: { dist: { below: {} } },
    build: { Release: { 'syscalls.node': 'not a library' } },
  })
  for (const place of ['package/dist', 'package/dist/below'])
    refuses(t, () => loadAddon(path.join(dir, place)), 'unsupported', /was not built/)
})

test('neither the environment nor the working directory takes part in the search', (t) => {
  const dir = t.testdir({
    a: { b: { c: {} } },
    other: {
      build: { Release: { 'syscalls.node': 'x' } },
      node_modules: { 'syscalls.node': 'x' },
      'syscalls.node': 'x',
    },
  })
  const before = [process.cwd(), process.env.NODE_PATH] as const
  try {
    process.chdir(path.join(dir, 'other'))
    process.env.NODE_PATH = path.join(dir, 'other')
    refuses(t, () => loadAddon(path.join(dir, 'a/b/c')), 'unsupported', /was not built/)
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

/**
 * Takes from root what opens any file. Not by seteuid(2): a Node whose io_uring may be on refuses it.
 * For an ordinary user nothing is to be done.
 */
const withoutOverride = (): (() => void) => {
  const status = fs.readFileSync('/proc/thread-self/status', 'latin1')
  const permitted = BigInt(`0x${/^CapPrm:\s+(\w+)$/m.exec(status)?.[1] ?? '0'}`)
  if (permitted === 0n) return () => undefined
  const addon = loadAddon(inRepo('dist'))
  const [DAC_OVERRIDE, DAC_READ_SEARCH] = [1n << 1n, 1n << 2n]
  addon.capset(Number(permitted & ~(DAC_OVERRIDE | DAC_READ_SEARCH)), Number(permitted))
  return () => addon.capset(Number(permitted), Number(permitted))
}

test('an addon that may not be read', (t) => {
  // The folder of the tests need not be open to everybody, and root may read any file.
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'addon-'))
  t.teardown(() => fs.rmSync(dir, { recursive: true }))
  const release = path.join(dir, 'build/Release')
  fs.mkdirSync(release, { recursive: true })
  fs.writeFileSync(path.join(release, 'syscalls.node'), 'x', { mode: 0 })
  fs.mkdirSync(path.join(dir, 'a'))
  fs.chmodSync(dir, 0o755)
  const giveBack = withoutOverride()
  try {
    const load = () => loadAddon(path.join(dir, 'a'))
    refuses(t, load, 'unsupported', /the addon cannot be loaded: .*Permission denied/)
  } finally {
    giveBack()
  }
})

test('an addon of another version would be misread', (t) => {
  const dlopen = process.dlopen.bind(process)
  t.teardown(() => (process.dlopen = dlopen))
  for (const layout of [undefined, LAYOUT - 1, LAYOUT + 1]) {
    process.dlopen = (addon) => ((addon as { exports: object }).exports = { layout })
    const error = refuses(t, () => loadAddon('/'), 'unsupported', /built for another version/)
    t.match(error?.next, /nothing was touched; run "npm run build:native"/)
  }
  process.dlopen = (addon) => ((addon as { exports: object }).exports = { layout: LAYOUT })
  t.equal(loadAddon('/').layout, LAYOUT)
})
