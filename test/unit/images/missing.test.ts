import fs from 'node:fs'
import path from 'node:path'
import { isMissing } from '../../../src/images/missing.js'
import { test } from '../support/check.js'

test('what is not there, and what only cannot be opened', (t) => {
  const folder = t.testdir({ file: '' })
  const at = (name: string): string => path.join(folder, name)
  fs.symlinkSync('nowhere', at('link'))
  t.equal(isMissing(at('file')), false)
  t.equal(isMissing(at('other')), true)
  t.equal(isMissing(at('file/below')), false, 'below what is no directory')
  t.equal(isMissing(at('link')), false, 'a link to nowhere is there')
  t.equal(isMissing(at('x'.repeat(300))), false, 'whoever opens it is told why')
})
