// With the kernel's own walk, in a root file system whose links lead out of it.
import fs from 'node:fs'
import path from 'node:path'
import { fromText } from '../../../src/bytes.js'
import { hostOf } from '../../../src/host/host.js'
import { hostView } from '../../../src/host/view.js'
import { lookAt, normal, resolver } from '../../../src/runtimes/destination.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'
import { test } from '../support/check.js'
import { b } from '../support/model.js'

const sys = new Sys(loadAddon(inRepo('dist')))
const host = hostOf(sys, hostView())

test('links are followed, and none leads out', (t) => {
  const above = fs.realpathSync(
    t.testdir({
      outside: { secret: {} },
      root: { var: { real: { logs: {} } }, data: {}, secret: {} },
    }),
  )
  const root = path.join(above, 'root')
  const link = (to: string, at: string): void => fs.symlinkSync(to, path.join(root, at))
  link('real', 'var/link')
  link('/var/real', 'absolute')
  link('../../../../outside/secret', 'up')
  link('../../../../secret', 'top')
  link(path.join(above, 'outside'), 'out')
  link('loop', 'loop')
  link('/proc/self/root', 'magic')
  const { resolve, close } = resolver(sys, host, fromText(root))
  for (const [destination, place] of [
    ['/data', '/data'],
    ['data/', '/data'],
    ['//data', '/data'],
    ['/', '/'],
    ['/var/link/logs', '/var/real/logs'],
    ['/absolute/logs', '/var/real/logs'],
    ['/var/link/new/deep', '/var/real/new/deep'],
    ['/top', '/secret'],
    ['/../../data', '/data'],
    ['/data/../var/link', '/var/real'],
    ['/up', '/up'],
    ['/out/secret', '/out/secret'],
    ['/loop/x', '/loop/x'],
    ['/magic/etc', '/magic/etc'],
    ['/nothing', '/nothing'],
  ] as const)
    t.equal(resolve(b(destination)), place, destination)
  close()
})

test('without a root file system destinations are as they were written', (t) => {
  for (const root of [undefined, b('/nowhere/at/all')]) {
    const { resolve, close } = resolver(sys, host, root)
    t.equal(resolve(b('/var//link/../x')), '/var/x')
    close()
  }
})

test('a root that is itself a link is not walked', (t) => {
  const above = fs.realpathSync(t.testdir({ root: { real: {} } }))
  fs.symlinkSync('real', path.join(above, 'root/link'))
  fs.symlinkSync('root', path.join(above, 'alias'))
  const { resolve, close } = resolver(sys, host, fromText(path.join(above, 'alias')))
  t.equal(resolve(b('/link')), '/link')
  close()
})

test('normal', (t) => {
  for (const [from, to] of [
    ['data', '/data'],
    ['//a///b/', '/a/b'],
    ['/a/../../b/.', '/b'],
    ['', '/'],
  ] as const)
    t.equal(normal(b(from)), to, from)
})

test('a source of this host, through its links', (t) => {
  const above = fs.realpathSync(t.testdir({ volume: {} }))
  fs.symlinkSync('volume', path.join(above, 'alias'))
  const found = lookAt(sys, host, fromText(path.join(above, 'alias')), (here) => here.path)
  t.equal(found, path.join(above, 'volume'))
  t.equal(
    lookAt(sys, host, fromText(path.join(above, 'none')), () => true),
    undefined,
  )
})
