import { COMMON_MAGIC, isMagic, MAGIC, SERVICE_MAGIC } from '../../../src/images/magic.js'
import { image } from '../../encode/images.js'
import { test } from '../support/check.js'

test('the beginning of a file of CRIU is told from others', (t) => {
  for (const word of [COMMON_MAGIC, SERVICE_MAGIC, ...Object.values(MAGIC)]) {
    const data = Buffer.alloc(4)
    data.writeUInt32LE(word)
    t.ok(isMagic(data))
    t.notOk(isMagic(data.subarray(0, 3)), 'cut')
    t.notOk(isMagic(Buffer.from(data).reverse()), 'of another byte order')
  }
  t.ok(isMagic(image('files', [])))
  t.notOk(isMagic(Buffer.from('criu-gc: 1 link remap')))
  t.notOk(isMagic(Buffer.alloc(0)))
})
