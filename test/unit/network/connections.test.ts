import { addressText, connectionText, keyOf, reversed } from '../../../src/network/connections.js'
import { connectionsOf, socketsIn } from '../../../src/network/tcp-table.js'
import { test } from '../support/check.js'

/** The words of an address, by its bytes in hex. */
const words = (hex: string): number[] =>
  (hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex').readUInt32LE())

test('addresses as inet_ntop(3) writes them', (t) => {
  for (const [hex, text] of [
    ['7f000001', '127.0.0.1'],
    ['ffffffff', '255.255.255.255'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['fe800000000000000000000000000002', 'fe80::2'],
    ['20010db8000000010000000000000000', '2001:db8:0:1::'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
    ['20010db8000000020003000400050006', '2001:db8:0:2:3:4:5:6'],
    ['00000000000000000000ffff0a000001', '::ffff:10.0.0.1'],
    ['0000000000000000000000000a000001', '::10.0.0.1'],
  ] as const)
    t.equal(addressText(words(hex)), text)
})

test('an IPv4 address in IPv6 is closed as either, by the age of CRIU', (t) => {
  const ends = { sport: 80, dport: 4711 }
  const of = (from: string, to: string): unknown => connectionsOf(words(from), 80, words(to), 4711)
  const mapped = (hex: string): string => `00000000000000000000ffff${hex}`
  t.strictSame(of(mapped('0a000001'), mapped('0a000002')), [
    { family: 'IPv4', source: '10.0.0.1', destination: '10.0.0.2', ...ends },
    { family: 'IPv6', source: '::ffff:10.0.0.1', destination: '::ffff:10.0.0.2', ...ends },
  ])
  t.strictSame(of('0a000001', '0a000002'), [
    { family: 'IPv4', source: '10.0.0.1', destination: '10.0.0.2', ...ends },
  ])
})

test('text for people, and keys', (t) => {
  const one = {
    family: 'IPv4',
    source: '10.0.0.1',
    sport: 80,
    destination: '::1',
    dport: 1,
  } as const
  t.equal(connectionText(one), '10.0.0.1:80 -> [::1]:1')
  t.equal(connectionText(reversed(one)), '[::1]:1 -> 10.0.0.1:80')
  t.not(keyOf(one), keyOf(reversed(one)))
})

test('what /proc/net/tcp has with a peer', (t) => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0',
    '   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0',
    '',
  ].join('\n')
  t.match(socketsIn(text), [
    { inode: 222, connections: [{ source: '127.0.0.1', sport: 8080, dport: 54321 }] },
  ])
  t.equal(socketsIn(text).length, 1)
})
