// Vectors that `crit encode` of CRIU's own tools made, body by body, and what each field means.
import {
  decodeFile,
  decodeIds,
  decodeInventory,
  decodeMnt,
  decodePstree,
  decodeRegFile,
  decodeRemapFilePath,
} from '../../../src/images/entries.js'
import { walkEntries } from '../../../src/images/framing.js'
import type { ImageKind } from '../../../src/images/magic.js'
import { image } from '../../encode/images.js'
import { encode } from '../../encode/messages.js'
import { test } from '../support/check.js'

const hex = (...parts: readonly string[]): Buffer =>
  Buffer.from(parts.join('').replaceAll(' ', ''), 'hex')

const text = (value: string): string => Buffer.from(value).toString('hex')

const decodeAll = <T>(
  data: Buffer,
  kind: ImageKind,
  decode: (data: Buffer, start: number, end: number) => T,
): T[] => {
  const values: T[] = []
  const { state } = walkEntries(data, kind, (start, end) => {
    values.push(decode(data, start, end))
    return true
  })
  if (state !== 'complete') throw new Error(`the vector is ${state}`)
  return values
}

test('remap-fpath.img', (t) => {
  const vector = hex(
    '19435654 54391359',
    '06000000 080510061800',
    '08000000 0807108180808008',
    '04000000 0809100a',
  )
  t.strictSame(decodeAll(vector, 'remap-fpath', decodeRemapFilePath), [
    { orig_id: 5, remap_id: 6, remap_type: 0 },
    { orig_id: 7, remap_id: 0x80000001, remap_type: undefined },
    { orig_id: 9, remap_id: 10, remap_type: undefined },
  ])
})

const FOWN = '2a0a 08001000180020002800'

test('files.img', (t) => {
  const link = `0806 1000 1800 ${FOWN} 320f ${text('/d/link_remap.6')}`
  const original = `0805 1002 1800 ${FOWN} 3207 ${text('/d/orig')} 38f004 4005 50a48302`
  const vector = hex(
    '19435654 38313056',
    `29000000 08011006 1a23 ${link}`,
    `2a000000 08011005 1a24 ${original}`,
  )
  t.strictSame(decodeAll(vector, 'files', decodeFile), [
    {
      type: 1,
      id: 6,
      reg: {
        id: 6,
        flags: 0,
        pos: 0,
        name: '/d/link_remap.6',
        mnt_id: undefined,
        size: undefined,
        ext: false,
        mode: undefined,
      },
      isk: undefined,
    },
    {
      type: 1,
      id: 5,
      reg: {
        id: 5,
        flags: 2,
        pos: 0,
        name: '/d/orig',
        mnt_id: 312,
        size: 5,
        ext: false,
        mode: 0o100644,
      },
      isk: undefined,
    },
  ])
  const bare = hex('19435654 36363650', `23000000 ${link}`, `24000000 ${original}`)
  t.strictSame(
    decodeAll(bare, 'reg-files', decodeRegFile),
    decodeAll(vector, 'files', decodeFile).map(({ reg }) => reg),
    'the same entries in reg-files.img',
  )
})

test('inventory.img', (t) => {
  const ids = '0801 1001 1801 2001 2801 3002 3803 4004 4806 5007'
  const vector = hex('16313158', `1c000000 0802 1001 1a14 ${ids} 2001`)
  t.strictSame(decodeAll(vector, 'inventory', decodeInventory), [
    {
      img_version: 2,
      fdinfo_per_id: true,
      root_ids: { net_ns_id: 2, mnt_ns_id: 6 },
      ns_per_id: true,
      dump_uptime: undefined,
      pre_dump_mode: undefined,
      tcp_close: false,
      network_lock_method: undefined,
      dump_criu_run_id: undefined,
    },
  ])
})

test('inventory.img of a dump that tracks memory, with the name of the run', (t) => {
  const uptime = 27_455_316_777
  const id = '489f6232-dd12-4cb6-a438-dc8c56174563'
  const data = image('inventory', [encode({ 1: 2, 2: true, 4: true, 8: uptime, 10: true, 13: id })])
  t.hasStrict(decodeAll(data, 'inventory', decodeInventory), [
    { img_version: 2, dump_uptime: uptime, dump_criu_run_id: id },
  ])
})

test('mountpoints-N.img', (t) => {
  const vector = hex(
    '19435654 28395655',
    '30000000 0805 10b902 1834 20b802 2880808001 32012f',
    `3a04 ${text('/tmp')} 4205 ${text('tmpfs')} 4a08 ${text('size=64k')} 5000 5800 880100`,
  )
  t.strictSame(decodeAll(vector, 'mountpoints', decodeMnt), [
    {
      fstype: 5,
      mnt_id: 313,
      root_dev: 52,
      parent_mnt_id: 312,
      flags: 0x200000,
      root: '/',
      mountpoint: '/tmp',
      source: 'tmpfs',
      options: 'size=64k',
      ext_mount: false,
      fsname: undefined,
      deleted: false,
      sb_flags: 0,
      ext_key: undefined,
    },
  ])
})

test('pstree.img and ids-PID.img', (t) => {
  const pstree = hex('19435654 30302750', '0a000000 0804 1000 1804 2004 2804')
  t.strictSame(decodeAll(pstree, 'pstree', decodePstree), [{ pid: 4, ppid: 0 }])
  const ids = hex('19435654 30204354', '18000000 0801 1001 1801 2001 2801 3002 3803 4004 4809 5007')
  // 20 bytes of ids and four of what is not read: cgroup_ns_id and time_ns_id.
  const withTime = Buffer.concat([ids, hex('5808 6005')])
  t.strictSame(decodeAll(withTime, 'ids', decodeIds), [{ net_ns_id: 2, mnt_ns_id: 9 }])
})

test('a remap type from the future stays the number that it is', (t) => {
  const data = hex('0805 1006 1863')
  t.equal(decodeRemapFilePath(data, 0, data.length).remap_type, 99)
})

test('each required field is required', (t) => {
  const without = (fields: readonly string[], decode: (data: Buffer) => unknown): void => {
    t.doesNotThrow(() => decode(hex(...fields)), 'all fields are there')
    fields.forEach((field, index) => {
      const rest = fields.filter((_, other) => other !== index)
      t.throws(() => decode(hex(...rest)), /required field/, `without ${field}`)
    })
  }
  without(['0805', '1006'], (data) => decodeRemapFilePath(data, 0, data.length))
  without(['0805', '1000'], (data) => decodePstree(data, 0, data.length))
  without(['0801', '1006'], (data) => decodeFile(data, 0, data.length))
  without(['0806', '1000', '1800', '32012f'], (data) => decodeRegFile(data, 0, data.length))
  without(['0805', '1001', '1834', '2002', '2800', '32012f', '3a012f', '42016e', '4a00'], (data) =>
    decodeMnt(data, 0, data.length),
  )
  without(['0802'], (data) => decodeInventory(data, 0, data.length))
})

test('unknown fields around and between mean nothing, whatever they hold', (t) => {
  // Bytes that read as every known field; a number from the future; one that CRIU uses and we do not.
  const inside = '0863 1063 1863 2063 2863 3063 3863 4063 4863 5063'
  const unknown = hex('fa01 14', inside, 'f801 63', 'a201 02 0863')
  const around = (data: Buffer): Buffer => Buffer.concat([unknown, data, unknown])
  const cases: readonly (readonly [
    string,
    (data: Buffer, start: number, end: number) => object,
    Buffer,
  ])[] = [
    ['ids', decodeIds, hex('4809')],
    ['inventory', decodeInventory, hex('0802 1001 1a02 4806 2001 4801')],
    ['pstree', decodePstree, hex('0804 1000')],
    ['reg file', decodeRegFile, hex('0806 1000 1800 3202 2f61 3802 4005 4801 50a48302')],
    ['file', decodeFile, hex('0801 1006 1a0a 0806 1000 1800 3202 2f61')],
    ['remap', decodeRemapFilePath, hex('0805 1006 1801')],
    [
      'mount',
      decodeMnt,
      hex(
        '0805 1001 1834 2002 2801 32012f 3a012f 42016e 4a0161 6801 720161 800101 880101 92010161',
      ),
    ],
  ]
  for (const [name, decode, data] of cases) {
    const plain = decode(data, 0, data.length)
    const odd = around(data)
    t.strictSame(decode(odd, 0, odd.length), plain, name)
    t.notOk(Object.values(plain).includes(0x63), `${name}: what is compared is not what is unknown`)
  }
})
