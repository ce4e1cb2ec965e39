import { readFrom } from '../../../src/checkpoint/checkpoint.js'
import type { DumpedNetwork } from '../../../src/checkpoint/model.js'
import { image } from '../../encode/images.js'
import { encode, ids, inventory, task } from '../../encode/messages.js'
import { test, type Test } from '../support/check.js'
import { openIn } from './dump.js'

interface Socket {
  readonly proto?: number
  readonly dport?: number
  readonly words?: number
}

/** inet_sk_entry, with packed addresses as well as CRIU's. */
const socket = ({ proto = 6, dport = 4711, words = 1 }: Socket = {}): Buffer => {
  const address = (field: number, last: number): Buffer =>
    Buffer.concat(
      Array.from({ length: words }, (_, index) =>
        encode({ [field]: index === words - 1 ? last : 0 }),
      ),
    )
  return Buffer.concat([
    encode({ 1: 3, 2: 99, 3: 2, 4: 1, 5: proto, 6: 1, 7: 80, 8: dport, 9: 2, 10: 0 }),
    ...[address(11, 0x0100007f), address(12, 0x0200007f)],
  ])
}

const inFiles = (one: Buffer): Buffer => encode({ 1: 4, 2: 3, 4: one })

const read = (
  t: Test,
  more: readonly [string, Buffer][],
  {
    net = 2,
    values = {},
  }: { net?: number; values?: Record<number, number | boolean | string> } = {},
): DumpedNetwork => {
  const entry = Buffer.concat([inventory(), encode(values)])
  const images = new Map([
    ['inventory.img', image('inventory', [entry])],
    ['pstree.img', image('pstree', [task(1, 0)])],
    ['ids-1.img', image('ids', [ids({ net })])],
    ...more,
  ] as [string, Buffer][])
  return readFrom(openIn(t, images)).network
}

test('TCP sockets that have a peer', (t) => {
  const files = image('files', [
    inFiles(socket()),
    inFiles(socket({ words: 4 })),
    inFiles(socket({ proto: 17 })),
    inFiles(socket({ dport: 0 })),
    inFiles(socket({ words: 2 })),
    inFiles(socket({ dport: 65536 })),
  ])
  const sockets = [
    { from: [0x0100007f], sport: 80, to: [0x0200007f], dport: 4711 },
    { from: [0, 0, 0, 0x0100007f], sport: 80, to: [0, 0, 0, 0x0200007f], dport: 4711 },
  ]
  t.strictSame(read(t, [['files.img', files]]), {
    ...{ method: 'iptables', netns: 'host', external: undefined, sockets },
  })
  t.strictSame(read(t, [['files.img', files]], { values: { 10: true } }).sockets, [], 'closed')
  const old = image('inetsk', [socket()])
  t.strictSame(read(t, [['inetsk.img', old]]).sockets, sockets.slice(0, 1), 'before CRIU 3.4')
})

test('the method, which later ones may be unknown', (t) => {
  for (const [value, method] of [
    [0, 'iptables'],
    [1, 'nftables'],
    [2, 'skip'],
    [3, 'unknown'],
  ] as const)
    t.equal(read(t, [], { values: { 11: value } }).method, method)
})

test('a network namespace of its own, and one of somebody else', (t) => {
  t.match(read(t, [], { net: 9 }), { netns: 'own', external: undefined })
  const named = image('netns', [encode({ 8: 'extRootNetNS' })])
  t.match(read(t, [['netns-9.img', named]], { net: 9 }), { external: 'extRootNetNS' })
  const zeros = Buffer.alloc(16)
  t.match(read(t, [['netns-9.img', zeros]], { net: 9 }), { netns: 'own', external: undefined })
})
