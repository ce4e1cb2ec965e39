import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { foreignNamespaces } from '../../../src/host/foreign.js'
import { Sys } from '../../../src/sys/sys.js'
import { hostMount, b } from '../support/model.js'
import { FakeAddon } from '../sys/fake-addon.js'
import { realSys } from './real.js'

t.test('our own namespace is not a foreign one', (t) => {
  const own = fs.readlinkSync('/proc/self/ns/mnt')
  for (const { pid } of foreignNamespaces(realSys(), []).tables) {
    let other: string | undefined
    try {
      other = fs.readlinkSync(`/proc/${pid}/ns/mnt`)
    } catch {
      continue
    }
    if (other === own) t.fail(`process ${pid} is in ours`)
  }
  t.pass('none of them')
  t.end()
})

t.test('each other namespace once, with its mounts', (t) => {
  const addon = new FakeAddon()
  // These are processes for certain; to everybody else we have no access.
  const others: Record<string, string> = {
    '/proc/thread-self/ns/mnt': 'mnt:[1]',
    [`/proc/${process.pid}/ns/mnt`]: 'mnt:[2]',
    [`/proc/${process.ppid}/ns/mnt`]: 'mnt:[2]',
    '/proc/1/ns/mnt': 'mnt:[1]',
  }
  addon.on('readlinkat', (_dirfd, path) => {
    const target = others[String(path)]
    if (target === undefined) return -13
    addon.link = Buffer.from(target)
    return addon.link.length
  })
  const found = foreignNamespaces(new Sys(addon), []).tables
  t.equal(found.length, 1)
  t.ok([process.pid, process.ppid].includes(found[0]!.pid))
  t.ok(found[0]!.mounts.some(({ mountpoint }) => mountpoint === '/'))
  t.end()
})

/** All processes share our namespace, but those of which something else is said. */
const sysWith = (links: Record<string, string | number>): Sys => {
  const addon = new FakeAddon()
  addon.on('readlinkat', (_dirfd, path) => {
    const target = links[String(path)] ?? (String(path).endsWith('/ns/mnt') ? 'mnt:[1]' : -2)
    if (typeof target === 'number') return target
    addon.link = Buffer.from(target)
    return addon.link.length
  })
  return new Sys(addon)
}

const ours = `/proc/${process.pid}`

t.test('where everything is seen, nothing is unseen', (t) => {
  const { tables, whyUnseen } = foreignNamespaces(sysWith({}), [hostMount('/')])
  t.strictSame(tables, [])
  t.equal(whyUnseen(), undefined)
  t.end()
})

t.test('a process that may not be looked at, but for init', (t) => {
  for (const [path, why] of [
    [`${ours}/ns/mnt`, `process ${process.pid} may not be looked at`],
    ['/proc/1/ns/mnt', undefined],
  ] as const)
    for (const error of [-1, -13])
      t.equal(foreignNamespaces(sysWith({ [path]: error }), []).whyUnseen(), why, path)
  t.end()
})

t.test('a namespace that is kept by a mount of it, or by a descriptor, without a process', (t) => {
  const kept = hostMount('/run/ns/m', { fstype: 'nsfs', root: b('mnt:[77]') })
  const own = hostMount('/run/ns/o', { fstype: 'nsfs', root: b('mnt:[1]') })
  const net = hostMount('/run/ns/n', { fstype: 'nsfs', root: b('net:[78]') })
  t.match(foreignNamespaces(sysWith({}), [own, net, kept]).whyUnseen(), /kept on \/run\/ns\/m$/)
  t.equal(foreignNamespaces(sysWith({}), [own, net]).whyUnseen(), undefined)
  const fd = fs.openSync('/', 'r')
  t.teardown(() => fs.closeSync(fd))
  const held = sysWith({ [`${ours}/fd/${fd}`]: 'mnt:[79]' })
  t.match(foreignNamespaces(held, []).whyUnseen(), `process ${process.pid} holds`)
  const known = sysWith({ [`${ours}/fd/${fd}`]: 'mnt:[1]' })
  t.equal(foreignNamespaces(known, []).whyUnseen(), undefined)
  t.end()
})

t.test('namespaces that another clean-up has constructed are not counted', async (t) => {
  const child = spawn('sleep', ['3600'], { argv0: '/usr/local/sbin/criu-gc', stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  while (!fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith('/usr/local'))
    await setTimeout(5)
  const held = sysWith({ [`/proc/${child.pid}/fd/0`]: 'mnt:[79]' })
  t.equal(foreignNamespaces(held, []).whyUnseen(), undefined)
})
