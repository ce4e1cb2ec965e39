import { readClock } from '../../../src/checkpoint/timens.js'
import { ImageDirectory } from '../../../src/images/directory.js'
import { test, type Test } from '../support/check.js'
import { at } from '../support/model.js'

/** timens-0.img of a dump by CRIU 4.2.1. */
const REAL = Buffer.from(
  '1943565433441143180000000a0a08bfd6011087c7869701120a08bfd60110afc7869701',
  'hex',
)

const clockIn = (t: Test, files: Record<string, Buffer>): [unknown, string[]] => {
  const images = new ImageDirectory(t.testdir(files))
  t.teardown(() => images.close())
  return [readClock(images), images.states.map(({ name, state }) => `${name} ${state}`)]
}

test('what the clock since boot said at the dump', (t) => {
  t.strictSame(clockIn(t, { 'timens-0.img': REAL }), [
    { monotonic: at(27455, 316_777_351), boottime: at(27455, 316_777_391) },
    ['timens-0.img complete'],
  ])
})

test('older releases do not tell, and a cut image does not', (t) => {
  t.strictSame(clockIn(t, {}), [undefined, []])
  const cut = REAL.subarray(0, -1)
  t.strictSame(clockIn(t, { 'timens-0.img': cut }), [undefined, ['timens-0.img truncated']])
})
