import { chainNames, tableNames } from '../../../src/network/netlink.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { FakeAddon } from '../sys/fake-addon.js'

const attribute = (type: number, text: string): Buffer => {
  const value = Buffer.from(`${text}\0`)
  const data = Buffer.alloc((4 + value.length + 3) & ~3)
  data.writeUInt16LE(4 + value.length, 0)
  data.writeUInt16LE(type, 2)
  value.copy(data, 4)
  return data
}

const message = (type: number, family: number, ...attributes: readonly Buffer[]): Buffer => {
  const header = Buffer.alloc(20)
  const rest = Buffer.concat(attributes)
  header.writeUInt32LE(header.length + rest.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt8(family, 16)
  return Buffer.concat([header, rest])
}

const error = (errno: number): Buffer => {
  const data = message(2, 0)
  data.writeInt32LE(errno, 16)
  return data
}

/** A kernel that answers with that. */
class Kernel extends FakeAddon {
  private readonly answer: Buffer | number
  constructor(answer: Buffer | number) {
    super()
    this.answer = answer
  }

  override netlink(_: number, __: Uint8Array, into: Uint8Array): number {
    if (typeof this.answer === 'number') return this.answer
    if (this.answer.length > into.length) return -75
    into.set(this.answer)
    return this.answer.length
  }
}

const asked = (answer: Buffer | number): Sys => new Sys(new Kernel(answer))
const TABLE = 10 << 8
const CHAIN = (10 << 8) | 3
const DONE = message(3, 0)

test('tables and chains by family', (t) => {
  const tables = Buffer.concat([
    message(TABLE, 1, attribute(1, 'CRIU-7'), attribute(2, 'else')),
    message(TABLE, 2, attribute(1, 'filter')),
    message(TABLE, 7, attribute(1, 'x')),
    DONE,
  ])
  t.strictSame(tableNames(asked(tables)), [
    { family: 'inet', table: 'CRIU-7' },
    { family: 'ip', table: 'filter' },
    { family: 'other', table: 'x' },
  ])
  const chain = message(CHAIN, 10, attribute(1, 'filter'), attribute(3, 'CRIU'))
  t.strictSame(chainNames(asked(Buffer.concat([chain, DONE]))), [
    { family: 'ip6', table: 'filter', chain: 'CRIU' },
  ])
})

test('a longer answer gets more room', (t) => {
  const many = Array.from({ length: 5000 }, (_, index) =>
    message(TABLE, 1, attribute(1, `table-${index}`)),
  )
  const found = tableNames(asked(Buffer.concat([...many, DONE])))
  t.equal(typeof found === 'number' ? found : found.length, 5000)
})

test('a kernel without nftables has no tables; any other error is told', (t) => {
  t.strictSame(tableNames(asked(error(-22))), [])
  t.strictSame(tableNames(asked(-93)), [])
  t.equal(tableNames(asked(error(-1))), -1)
  t.equal(tableNames(asked(-1)), -1)
})

test('what is cut ends there', (t) => {
  const whole = message(TABLE, 1, attribute(1, 'x'))
  t.strictSame(tableNames(asked(whole.subarray(0, 10))), [])
  const endless = Buffer.from(whole)
  endless.writeUInt32LE(0, 0)
  t.strictSame(tableNames(asked(endless)), [])
})
