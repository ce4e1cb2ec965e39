import fs from 'node:fs'
import { VERSION } from '../../src/version.js'
import { inRepo } from '../rig/repo.js'
import { test } from './support/check.js'

test('the program says the version of its package', (t) => {
  const manifest = JSON.parse(fs.readFileSync(inRepo('package.json'), 'utf8')) as {
    version: string
  }
  t.equal(VERSION, manifest.version)
})
