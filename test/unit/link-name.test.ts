import { isExactLinkName, isLinkName, isNamed, linkName } from '../../src/link-name.js'
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

test('names of the form, and those that a release of CRIU gives', (t) => {
  for (const [name, isOfForm, isExact] of [
    ['link_remap.4', true, true],
    ['link_remap.-2147483648', true, true],
    [linkName(0xffffffff), true, true],
    ['link_remap.04', true, false],
    ['link_remap.-0', true, false],
    ['link_remap.9999999999', true, false],
    ['link_remap.4.suffix', true, false],
    ['link_remap.4 ', false, false],
    ['link_remap.', false, false],
    ['xlink_remap.4', false, false],
  ] as const) {
    t.equal(isLinkName(b(name)), isOfForm, name)
    t.equal(isExactLinkName(b(name)), isExact, name)
  }
})
