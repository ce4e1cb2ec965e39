import { readTree, taskAt } from '../../../../src/host/living/tasks.js'
import { Sys } from '../../../../src/sys/sys.js'
import { test } from '../../support/check.js'
import { FakeAddon } from '../../sys/fake-addon.js'

const ELOOP = -40

/** Every process is in one pid namespace. */
const inOne = (): FakeAddon => {
  const addon = new FakeAddon()
  addon.link = Buffer.from('pid:[7]')
  return addon
}

test('the tree of a process in our own pid namespace is no more than its descendants', (t) => {
  const found = readTree(new Sys(inOne()), taskAt(process.pid)!).map(({ pid }) => pid)
  t.equal(found[0], process.pid)
  t.notOk(found.includes(process.ppid))
})

test('where our own pid namespace cannot be told, the whole machine is no container', (t) => {
  const addon = inOne()
  addon.on('readlinkat', (_dir, path) => (String(path).includes('thread-self') ? ELOOP : undefined))
  t.throws(() => readTree(new Sys(addon), taskAt(process.pid)!), { code: 'ELOOP' })
})
