import { isExactLinkName, isLinkName, linkName } from '../../src/link-name.js'
import { test } from './support/check.js'
import { b } from './support/model.js'

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
