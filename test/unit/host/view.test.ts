import os from 'node:os'
import { hostView } from '../../../src/host/view.js'
import { test } from '../support/check.js'

test('our own mounts, with a root among them', (t) => {
  const { mounts } = hostView()
  t.ok(mounts.some(({ mountpoint }) => mountpoint === '/'))
  t.ok(mounts.some(({ mountpoint, fstype }) => mountpoint === '/proc' && fstype === 'proc'))
})

test('the boot was about as long ago as the machine runs, in doubt later', (t) => {
  const { bootedAt } = hostView()
  const expected = Date.now() / 1000 - os.uptime()
  t.ok(bootedAt.sec >= expected, 'never before it')
  t.ok(bootedAt.sec < expected + 5)
})
