import { decodeCore } from '../../../src/images/core.js'
import { encode, mask, varint } from '../../encode/messages.js'
import { test } from '../support/check.js'

const blocked = (data: Buffer): bigint | undefined => decodeCore(data, 0, data.length).blk_sigset

test('core-PID.img of CRIU 4.2: its beginning, of a first thread and of another one', (t) => {
  const first = Buffer.from('08011a0e0801100018002080808002288004' + '2a02080c', 'hex')
  t.equal(blocked(first), 0x200n, 'SIGUSR1')
  t.equal(blocked(Buffer.from('08012a0b' + '0818101818002000308010', 'hex')), 0x800n, 'SIGUSR2')
})

test('all 64 bits, and none', (t) => {
  for (const bits of [0n, 1n, 0x7fn, 0x80n, 0xfffffffffffbfeefn, 0xffffffffffffffffn, 1n << 63n])
    t.equal(blocked(mask(bits)), bits)
})

test('images that do not say it', (t) => {
  t.equal(blocked(encode({ 1: 1 })), undefined)
  t.equal(blocked(encode({ 3: encode({ 1: 1 }), 5: encode({ 2: 1 }) })), undefined)
})

test('a mask that is cut, or has no end', (t) => {
  const cut = Buffer.concat([Buffer.from([0x28]), varint(1n << 63n).subarray(0, 4)])
  t.throws(() => blocked(encode({ 3: cut })), RangeError)
  t.throws(
    () => blocked(encode({ 3: Buffer.from([0x28, ...Array<number>(10).fill(0x80)]) })),
    RangeError,
  )
  t.throws(() => blocked(encode({ 3: encode({ 5: 'x' }) })), TypeError)
})
