import { HeldSockets } from '../../../../src/host/living/sockets.js'
import type { Owner } from '../../../../src/host/living/task-files.js'
import type { UnlinkedRecord } from '../../../../src/sys/unlinked.js'
import { test } from '../../support/check.js'

const owner = (pid: number, tid?: number): Owner => {
  const isThread = tid !== undefined
  const name = isThread ? `thread ${tid} of process ${pid}` : `process ${pid}`
  return { pid, place: -1, name, isThread }
}
const record = (kind: UnlinkedRecord['kind'], from: number, inoLow: number): UnlinkedRecord => {
  const nothing = { to: 0, inoHigh: 0, mntId: 0, major: 0, minor: 0, nlink: 0, mode: 0 }
  return { ...nothing, kind, from, inoLow, path: '' as UnlinkedRecord['path'] }
}

test('each socket is there once, and those that only a thread has are named', (t) => {
  const sockets = new HeldSockets()
  sockets.add(record('socket', 3, 70), owner(1, 5))
  sockets.add(record('socket', 3, 70), owner(1))
  sockets.add(record('socket', 4, 70), owner(2))
  sockets.add(record('socket', 9, 71), owner(2))
  sockets.add(record('parasite', 0, 0), owner(2))
  sockets.add(record('parasite', 0, 0), owner(2))
  t.strictSame(sockets.found, [
    { pid: 1, fd: 3, inode: 70 },
    { pid: 2, fd: 9, inode: 71 },
  ])
  t.strictSame([...sockets.threads], [])
  sockets.add(record('socket', 3, 72), owner(1, 5))
  t.strictSame([...sockets.threads], ['thread 5 of process 1'])
  t.strictSame([...sockets.parasites], [2])
})
