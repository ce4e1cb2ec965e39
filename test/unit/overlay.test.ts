import { readMountNamespace } from '../../src/checkpoint/mounts.js'
import { readCheckpoint } from '../../src/checkpoint/checkpoint.js'
import { parseMountinfo } from '../../src/host/mountinfo.js'
import type { ImageSource } from '../../src/images/source.js'
import { walkEntries, type OnEntry } from '../../src/images/framing.js'
import { upperOf } from '../../src/overlay.js'
import { inRepo } from '../rig/repo.js'
import { image } from '../encode/images.js'
import { mount, type MountRow } from '../encode/messages.js'
import { test } from './support/check.js'
import { b } from './support/model.js'

test('the upper directory among other options', (t) => {
  t.equal(upperOf('rw,lowerdir=/l,upperdir=/up,workdir=/w'), '/up')
  t.equal(upperOf('upperdir=/up'), '/up')
  t.equal(upperOf('lowerdir=/a:/b,upperdir=rel/up'), 'rel/up', 'as it was called')
})

test('none', (t) => {
  for (const options of ['', 'rw,lowerdir=/a:/b', 'xupperdir=/x', 'lowerdir=/upperdir=/x'])
    t.equal(upperOf(options), undefined, options)
  t.equal(upperOf('lowerdir=/l\\054upperdir=/x,rw'), undefined, 'an option of that name in a name')
})

test('what is escaped in a name is itself again', (t) => {
  t.equal(upperOf('lowerdir=/l,upperdir=/a\\054b\\040c\\134d\\012,workdir=/w'), '/a,b c\\d\n')
  t.equal(upperOf('upperdir=/a=b'), '/a=b')
  t.equal(upperOf('upperdir=/\\377'), '/\xff')
})

const OPTIONS = 'lowerdir=/l,upperdir=/up\\054\\040x,workdir=/w'
const UPPER = '/up, x'

test('of a mount of this host', (t) => {
  const upperIn = (fstype: string) =>
    parseMountinfo(b(`36 35 0:50 / /m rw,noatime master:1 - ${fstype} overlay rw,${OPTIONS}\n`))[0]
      ?.upper
  t.equal(upperIn('overlay'), UPPER)
  t.equal(upperIn('ext4'), undefined, 'of an overlay only')
  t.equal(parseMountinfo(b('36 35 0:50 / /m rw - overlay overlay'))[0]?.upper, undefined)
})

/** The row as the program reads it from an image. */
const upperInImage = (row: Partial<MountRow>) => {
  const data = image('mountpoints', [mount({ mntId: 10, parent: 1, mountpoint: '/', ...row })])
  const directory = {
    path: '/images',
    read: (name: string, kind: 'mountpoints', onEntry: (data: Buffer) => OnEntry) => ({
      name,
      bytes: data.length,
      ...walkEntries(data, kind, onEntry(data)),
    }),
  } as unknown as ImageSource
  return readMountNamespace(directory, 9, true).mounts[0]?.upper
}

test('of a mount of a dump', (t) => {
  t.equal(upperInImage({ fstype: 17, options: OPTIONS }), UPPER)
  t.equal(upperInImage({ fstype: 16, fsname: 'overlay', options: OPTIONS }), UPPER, 'by its name')
  t.equal(upperInImage({ fstype: 5, options: OPTIONS }), undefined, 'of an overlay only')
  t.equal(upperInImage({ fstype: 17, options: 'lowerdir=/a:/b' }), undefined)
  const { namespaces } = readCheckpoint(inRepo('test', 'images', 'overlay'))
  const uppers = namespaces.flatMap(({ mounts }) => mounts.flatMap(({ upper }) => upper ?? []))
  t.ok(uppers.length > 0 && uppers.every((upper) => upper.startsWith('/')), 'CRIU’s own')
})
