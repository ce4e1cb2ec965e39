import path from 'node:path'
import { loadAddon } from '../../../src/sys/addon.js'
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
  for (const depth of ['a', 'a/b', 'a/b/c']) {
    const dir = t.testdir({
      a: { b: { c: {} } },
      build: { Release: { 'syscalls.node': 'not a library' } },
    })
    refuses(t, () => loadAddon(path.join(dir, depth)), 'unsupported', /the addon cannot be loaded/)
  }
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
