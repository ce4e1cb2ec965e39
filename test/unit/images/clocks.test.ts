import { decodeStats, decodeTimens } from '../../../src/images/clocks.js'
import { walkEntries } from '../../../src/images/framing.js'
import type { ImageKind } from '../../../src/images/magic.js'
import { encode } from '../../encode/messages.js'
import { test } from '../support/check.js'
import { at } from '../support/model.js'

const decodeAll = <T>(
  hex: string,
  kind: ImageKind,
  decode: (data: Buffer, start: number, end: number) => T,
): T[] => {
  const data = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const values: T[] = []
  walkEntries(data, kind, (start, end) => {
    values.push(decode(data, start, end))
    return true
  })
  return values
}

const decode = <T>(decoder: (data: Buffer, start: number, end: number) => T, data: Buffer): T =>
  decoder(data, 0, data.length)

test('timens-0.img of CRIU 4.2.1', (t) => {
  const real = '19435654 33441143 18000000 0a0a 08bfd601 1087c78697 01 120a 08bfd601 10afc78697 01'
  t.strictSame(decodeAll(real, 'timens', decodeTimens), [
    { monotonic: at(27455, 316_777_351), boottime: at(27455, 316_777_391) },
  ])
})

test('both clocks have to be there, each with seconds and nanoseconds', (t) => {
  const time = encode({ 1: 5, 2: 6 })
  const timens = (fields: Parameters<typeof encode>[0]) => () =>
    decode(decodeTimens, encode(fields))
  t.strictSame(timens({ 1: time, 2: time, 3: 1 })(), { monotonic: at(5, 6), boottime: at(5, 6) })
  t.throws(timens({ 1: time }), /boottime is missing/)
  t.throws(timens({ 2: time }), /monotonic is missing/)
  t.throws(timens({ 1: time, 2: encode({ 1: 5 }) }), /tv_nsec is missing/)
  t.throws(timens({ 1: time, 2: encode({ 2: 5 }) }), /tv_sec is missing/)
})

test('stats-dump of a dump of 14 seconds by CRIU 4.2.1', (t) => {
  const real =
    '40591055 06330957 2d000000 0a2b 0888ca06 1080b3f106 1890dadf05 209cf7f704 2899f80a 3000 3891f80a 4000 4800 5008 5808 6000 6800 7000'
  t.strictSame(decodeAll(real, 'stats', decodeStats), [
    { dump: { freezing_time: 107_784, frozen_time: 14_440_832 } },
  ])
})

test('stats of a restore tell nothing of a dump', (t) => {
  t.strictSame(decode(decodeStats, encode({ 2: encode({ 1: 5, 2: 6 }) })), { dump: undefined })
  t.throws(() => decode(decodeStats, encode({ 1: encode({ 1: 5 }) })), /frozen_time is missing/)
  t.throws(() => decode(decodeStats, encode({ 1: encode({ 2: 5 }) })), /freezing_time is missing/)
})
