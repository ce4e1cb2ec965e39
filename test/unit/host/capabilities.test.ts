import {
  threadStatus,
  lacking,
  parseCapabilities,
  TO_CONSTRUCT,
  TO_DROP,
} from '../../../src/host/capabilities.js'
import { test } from '../support/check.js'

const status = (effective: string, permitted: string): string =>
  `Name:\tnode\nCapInh:\t0000000000000000\nCapPrm:\t${permitted}\nCapEff:\t${effective}\nSeccomp:\t0\n`

test('which capabilities lack', (t) => {
  const all = parseCapabilities(status('000001ffffffffff', '0'), 'CapEff')
  t.strictSame(lacking(all, [...TO_CONSTRUCT, ...TO_DROP]), [])
  // Docker's own set has neither of the first two kinds.
  const docker = parseCapabilities(status('0', '00000000a80425fb'), 'CapPrm')
  t.strictSame(lacking(docker, TO_CONSTRUCT), ['CAP_SYS_ADMIN'])
  t.strictSame(lacking(docker, TO_DROP), [])
  const none = parseCapabilities(status('0000000000000000', '0'), 'CapEff')
  t.strictSame(lacking(none, TO_DROP), TO_DROP)
})

test('what cannot be read lacks nothing', (t) => {
  t.equal(parseCapabilities('Name:\tnode\n', 'CapEff'), undefined)
  t.strictSame(lacking(undefined, TO_DROP), [])
})

test('of this very thread', (t) => {
  t.type(parseCapabilities(threadStatus(), 'CapEff'), 'bigint')
})
