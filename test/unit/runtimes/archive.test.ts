// What an archive says of its container; how archives are read is in test/unit/images.
import fs from 'node:fs'
import path from 'node:path'
import { archivedContainer } from '../../../src/runtimes/archive.js'
import { recordedFile } from '../checkpoint/recorded.js'
import { refuses, test, type Test } from '../support/check.js'

const NAME = 'podman586-crun128-export-rm'

const archive = (t: Test, files: Readonly<Record<string, string>>) => ({
  path: path.join(fs.realpathSync(t.testdir({ 'a.tar': '' })), 'a.tar'),
  runtimeFile: (name: string): Buffer | undefined =>
    files[name] === undefined ? undefined : Buffer.from(files[name]),
})

const recorded = (name: string): string => fs.readFileSync(recordedFile(NAME, name), 'utf8')

test('podman’s: both places of an overlay, and the mounts of its configuration', (t) => {
  const files = { 'spec.dump': recorded('config.json'), 'config.dump': '{"id":"0ab1"}' }
  const found = archivedContainer(archive(t, files))
  t.match(found, {
    runtime: 'archive',
    id: '0ab1',
    process: undefined,
    images: [],
    roots: [
      { path: /\/merged$/, isMountpoint: true, from: /a\.tar\/spec\.dump$/ },
      { path: /\/diff$/, isMountpoint: false },
    ],
  })
  t.ok(found?.mounts.some(({ destination }) => destination === '/data'))
})

test('without a configuration, or where others could have written it, nothing is derived', (t) => {
  t.equal(archivedContainer(archive(t, {})), undefined)
  const files = { 'spec.dump': '{"root":{"path":"/srv/rootfs"}}' }
  const one = archive(t, files)
  t.match(archivedContainer(one)?.roots, [{ path: '/srv/rootfs', isMountpoint: false }])
  fs.chmodSync(one.path, 0o666)
  t.equal(archivedContainer(one), undefined)
  t.equal(archivedContainer({ ...one, path: `${one.path}.not` }), undefined)
})

test('containerd’s: a root below its bundle is none of this host, unless that container is there', (t) => {
  const spec = { 'spec.dump': '{"root":{"path":"rootfs"}}' }
  t.strictSame(archivedContainer(archive(t, spec))?.roots, [])
  const known = { ...spec, 'config.dump': '{"id":"no-such-container"}' }
  t.strictSame(archivedContainer(archive(t, known))?.roots, [])
})

test('podman’s in a user namespace: its mount is gone with it, and its storage tells where the layer is', (t) => {
  const root = '/var/tmp/intermediate-mountpoint-100000.100000'
  const spec = {
    'spec.dump': JSON.stringify({ root: { path: root } }),
    'config.dump': '{"id":"0ab1"}',
  }
  const layer = { path: '/graph/overlay/l1/diff', from: 'containers.json', isMountpoint: false }
  const asked: string[] = []
  const found = archivedContainer(archive(t, spec), (id) => {
    asked.push(id)
    return [layer]
  })
  t.match(found?.roots, [{ path: root, isMountpoint: true }, layer])
  t.strictSame(asked, ['0ab1'])
  const { 'spec.dump': nameless } = spec
  t.match(archivedContainer(archive(t, { 'spec.dump': nameless }))?.roots, [{ path: root }])
})

test('what is no JSON is refused', (t) => {
  refuses(t, () => archivedContainer(archive(t, { 'spec.dump': '{' })), 'refused', /no JSON/)
})
