import { isNamed, linkName } from '../../src/link-name.js'
import { test } from './support/check.js'
import { b } from './support/model.js'

test('a path ends with the name of a link, or not', (t) => {
  for (const id of [0, 6, 66, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const name = linkName(id)
    t.ok(isNamed(b(`/d/${name}`), id), name)
    t.ok(isNamed(b(`/${name}`), id), name)
    for (const other of [
      name,
      `/x${name}`,
      `/${name}x`,
      `/${name}/`,
      `/${name}0`,
      `/d/x/0${name}`,
      '',
    ])
      t.notOk(isNamed(b(other), id), JSON.stringify(other))
  }
  t.notOk(isNamed(b('/link_remap.66'), 6))
  t.notOk(isNamed(b('/link_remap.6'), 66))
  t.notOk(isNamed(b('/link_remap.-6'), 6))
  t.notOk(isNamed(b('/link_remap.06'), 6))
})
