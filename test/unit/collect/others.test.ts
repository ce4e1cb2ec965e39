import { Others } from '../../../src/collect/others.js'
import { Sys } from '../../../src/sys/sys.js'
import { test } from '../support/check.js'
import { b, stat } from '../support/model.js'
import { FakeKernel } from '../sys/fake-kernel.js'

const names = (...all: string[]) => all.map(b)

/** A directory with files of these names, and one look at it. */
const lookAt = (there: readonly string[], listed: readonly string[] = []) => {
  const kernel = new FakeKernel()
  kernel.directory('/var')
  for (const name of there) kernel.file(`/var/${name}`)
  const sys = new Sys(kernel)
  const fd = sys.openat(-100, b('/var'), 0o10200000)
  const others = new Others(sys)
  const look = (rest: Parameters<typeof stat>[0] = {}, directory = '/var', more = listed): void => {
    others.look(fd, stat(rest), b(directory), names(...more))
  }
  look()
  return { others, kernel, look }
}

test('links that the images do not list, beside those that they do', (t) => {
  const { others } = lookAt(['link_remap.6', 'link_remap.8', 'a'], ['link_remap.6'])
  t.strictSame(others.found(), [{ directory: '/var', names: ['link_remap.8'] }])
})

test('directories without any are not told', (t) => {
  t.strictSame(lookAt([]).others.found(), [])
  t.strictSame(lookAt(['link_remap.6'], ['link_remap.6']).others.found(), [])
})

test('names have the form of a link remap, with what CRIU may add', (t) => {
  const good = [
    'link_remap.0',
    'link_remap.123',
    'link_remap.-5',
    'link_remap.6.criu',
    'link_remap.6.x y',
  ]
  const bad = ['link_remap.', 'link_remap', 'link_remap.x', 'link_remap.6x', 'link_remap.6.', 'xlink_remap.6', '.link_remap.6', 'link_remapx6', 'link_remap.--6', 'link_remap.6\n'] // prettier-ignore
  t.strictSame(lookAt([...good, ...bad]).others.found(), [{ directory: '/var', names: good }])
})

test('a directory that comes by two mounts is one', (t) => {
  const { others, look } = lookAt(
    ['link_remap.6', 'link_remap.8', 'link_remap.10'],
    ['link_remap.6'],
  )
  look({}, '/again', ['link_remap.8'])
  t.strictSame(others.found(), [{ directory: '/var', names: ['link_remap.10'] }])
})

test('directories of the same number on another file system are others', (t) => {
  for (const other of [{ inoLow: 78 }, { inoHigh: 1 }, { major: 8 }, { minor: 1 }]) {
    const { others, look } = lookAt(['link_remap.6'])
    look(other, '/again')
    t.strictSame(
      others.found().map(({ directory }) => directory),
      ['/var', '/again'],
    )
  }
})

test('what cannot be read, or ends within an entry, has none', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/var')
  kernel.file('/var/link_remap.6')
  const sys = new Sys(kernel)
  const fd = sys.openat(-100, b('/var'), 0o10200000)
  const found = (): unknown => {
    const others = new Others(sys)
    others.look(fd, stat(), b('/var'), [])
    return others.found()
  }
  kernel.before('getdents64', () => -5)
  t.strictSame(found(), [])
  const opened = [...kernel.open.keys()]
  t.strictSame(opened, [fd], 'and nothing stays open')
  kernel.before('openat', () => -13)
  t.strictSame(found(), [])
})

test('entries of no length end the reading', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/var')
  const sys = new Sys(kernel)
  const fd = sys.openat(-100, b('/var'), 0o10200000)
  let reads = 0
  kernel.on('getdents64', () => {
    kernel.entries = Buffer.concat([Buffer.alloc(19), Buffer.from('link_remap.6\0')])
    return reads++ === 0 ? kernel.entries.length : 0
  })
  const others = new Others(sys)
  others.look(fd, stat(), b('/var'), [])
  t.strictSame(others.found(), [])
})

test('of a directory without end a mebibyte is read', (t) => {
  const kernel = new FakeKernel()
  kernel.directory('/var')
  const sys = new Sys(kernel)
  const fd = sys.openat(-100, b('/var'), 0o10200000)
  kernel.on('getdents64', (_fd, length) => length as number)
  new Others(sys).look(fd, stat(), b('/var'), [])
  t.equal(kernel.of('getdents64').length, 16)
})
