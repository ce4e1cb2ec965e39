import fs from 'node:fs'
import path from 'node:path'
import { readStats } from '../../../src/checkpoint/stats.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import { image } from '../../encode/images.js'
import { encode } from '../../encode/messages.js'
import { test, type Test } from '../support/check.js'
import { at } from '../support/model.js'

/** Of a dump that took ten seconds. */
const TEN = image('stats', [encode({ 1: encode({ 1: 250_000, 2: 9_750_000, 3: 1, 4: 1 }) })])
const RESTORE = image('stats', [encode({ 2: encode({ 1: 1, 2: 1 }) })])

const found = (t: Test, data: Buffer, written: number, last: number | undefined) => {
  const dir = t.testdir({ 'stats-dump': data })
  fs.utimesSync(path.join(dir, 'stats-dump'), written, written)
  const images = new ImageDirectory(dir)
  t.teardown(() => images.close())
  return readStats(images, undefined, last === undefined ? undefined : at(last), 1)
}

test('how long the dump took, by its own statistics', (t) => {
  t.strictSame(found(t, TEN, 1000, 999), { written: at(1000), took: 10 })
})

test('only statistics of a dump that was at work when the last image was written', (t) => {
  const isOf = (last: number | undefined) => found(t, TEN, 1000, last) !== undefined
  t.strictSame([988, 989, 990, 1000, 1001, 1002].map(isOf), [false, true, true, true, true, false])
  t.equal(isOf(undefined), false)
})

test('what are no statistics of a dump are as none', (t) => {
  for (const data of [
    RESTORE,
    Buffer.alloc(0),
    Buffer.from('x'),
    TEN.subarray(0, -1),
    image('files', []),
  ])
    t.equal(found(t, data, 1000, 1000), undefined)
})

test('in the work directory, beside the images, or above a directory "checkpoint"', (t) => {
  const top = t.testdir({ checkpoint: {}, work: {} })
  const images = new ImageDirectory(path.join(top, 'checkpoint'))
  t.teardown(() => images.close())
  const workDir = path.join(top, 'work')
  const took = (directory: string | undefined) => readStats(images, directory, at(1000), 1)?.took
  const put = (place: string, seconds: number): void => {
    const file = path.join(top, place, 'stats-dump')
    const entry = encode({ 1: 0, 2: seconds * 1e6 })
    fs.writeFileSync(file, image('stats', [encode({ 1: entry })]))
    fs.utimesSync(file, 1000, 1000)
  }
  t.equal(took(workDir), undefined)
  put('.', 3)
  t.equal(took(workDir), 3)
  put('checkpoint', 2)
  t.equal(took(workDir), 2)
  put('work', 1)
  t.equal(took(workDir), 1)
  t.equal(took(undefined), 2)
  fs.utimesSync(path.join(workDir, 'stats-dump'), 5000, 5000)
  t.equal(took(workDir), 2, 'that in the work directory is of another dump')
})
