import { isEmptyDirectory } from '../../../src/sys/directory.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { FakeAddon } from './fake-addon.js'

const emptiness = (script: (addon: FakeAddon) => void): { empty: boolean; open: number } => {
  const addon = new FakeAddon()
  const fd = addon.given()
  script(addon)
  return { empty: isEmptyDirectory(new Sys(addon), fd), open: addon.open.size }
}

test('"." and ".." are nothing, anything else is something', (t) => {
  t.strictSame(
    emptiness((addon) => addon.on('getdents64', () => 48)),
    { empty: true, open: 1 },
  )
  t.strictSame(
    emptiness((addon) => addon.on('getdents64', () => 72)),
    { empty: false, open: 1 },
  )
})

test('what cannot be read proves nothing', (t) => {
  t.strictSame(
    emptiness((addon) => addon.on('openat', () => -13)),
    { empty: true, open: 1 },
  )
  t.strictSame(
    emptiness((addon) => addon.on('getdents64', () => -5)),
    { empty: true, open: 1 },
  )
})
