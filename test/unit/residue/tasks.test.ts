import { isYard } from '../../../src/residue/litter.js'
import { readStatus } from '../../../src/residue/tasks.js'
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

test('stopped', (t) => {
  const isStopped = (state: string): boolean => readStatus(status(state, '0')).isStopped
  t.ok(isStopped('T (stopped)'))
  t.notOk(isStopped('t (tracing stop)'))
  t.notOk(isStopped('S (sleeping)'))
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
