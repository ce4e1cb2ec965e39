import { isYard } from '../../../src/residue/litter.js'
import { endOf, idsIn, readStatus } from '../../../src/residue/tasks.js'
import { test } from '../support/check.js'

const status = (state: string, blocked: string): string =>
  `Name:\tSigBlk:\tx\nState:\t${state}\nTgid:\t5\nSigPnd:\t0000000000000000\nSigBlk:\t${blocked}\nSigIgn:\tfffffffffffbfeef\n`

test('the mask that CRIU sets, and no other', (t) => {
  const isMuted = (mask: string): boolean => readStatus(status('S (sleeping)', mask)).isMuted
  t.ok(isMuted('fffffffffffbfeef'))
  t.notOk(isMuted('fffffffffffbfeff'), 'all that can be blocked')
  t.notOk(isMuted('fffffffe7ffbfeff'), 'all that a C library lets one block')
  t.notOk(isMuted('0000000000000000'))
})

test('its ids, as its own pid namespace has them in the end', (t) => {
  const ids = (line: string): number[] => idsIn(`Pid:\t9\n${line}\nSigBlk:\t0\n`)
  t.strictSame(ids('NSpid:\t4711'), [4711])
  t.strictSame(ids('NSpid:\t4711\t12\t1'), [4711, 12, 1])
  t.strictSame(ids('Tgid:\t5'), [])
})

test('stopped', (t) => {
  const isStopped = (state: string): boolean => readStatus(status(state, '0')).isStopped
  t.ok(isStopped('T (stopped)'))
  t.notOk(isStopped('t (tracing stop)'))
  t.notOk(isStopped('S (sleeping)'))
  t.ok(readStatus(status('Z (zombie)', '0')).hasEnded)
  t.notOk(readStatus(status('X (dead)', '0')).hasEnded)
})

test('directories of a restore', (t) => {
  for (const name of [
    '.criu.mntns.aB3xYz',
    '.criu.cgyard.000000',
    'cr-tmpfs.abcdef',
    'crtools-proc.AAAAAA',
  ])
    t.ok(isYard(name), name)
  for (const name of [
    '.criu.mntns.aB3xY',
    '.criu.mntns.aB3xYz1',
    'a.criu.mntns.aB3xYz',
    '.criu.mntns.aB3x/z',
    '.criu.mine.aB3xYz',
  ])
    t.notOk(isYard(name), name)
})

test('ended by what CRIU left in it', (t) => {
  const fields = (state: string, code: number): string[] => [
    state,
    ...Array<string>(48).fill('1'),
    String(code),
    '0',
  ]
  t.equal(endOf(fields('Z', 5)), 'SIGTRAP')
  t.equal(endOf(fields('Z', 0x80 | 11)), 'SIGSEGV', 'with a core dump')
  t.equal(endOf(fields('Z', 9)), undefined)
  t.equal(endOf(fields('Z', 5 << 8)), undefined, 'an exit with that number')
  t.equal(endOf(fields('S', 5)), undefined)
})
