// Where options lack, the message ends in one command line with those that the caller gave and those that lack: pasted into a
// shell, it does the rest.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commandLine as shellWords } from '../../src/escape.js'
import { attempt } from '../rig/command.js'
import { cleared, commandLine } from '../rig/gc.js'
import { ROOT_MOUNT } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { Scene } from './scene.js'

/** where a directory is on its disk, as the images have it; undefined where a device number says nothing */
const rowOf = (dir: string): { major: number; minor: number; root: string } | undefined => {
  const said = attempt('findmnt', ['-n', '-r', '-T', dir, '-o', 'MAJ:MIN,FSROOT,TARGET']).stdout
  const [device = '', fsRoot = '', target = ''] = said.trim().split(' ')
  const [major = 0, minor = 0] = device.split(':').map(Number)
  if (major === 0) return undefined
  const below = target === '/' ? dir : dir.slice(target.length)
  return { major, minor, root: `${fsRoot === '/' ? '' : fsRoot}${below}` }
}

await inside(import.meta.url, () => {
  const scene = new Scene()
  const volume = scene.dir("it's a volume")
  const [root, data] = [rowOf(scene.root), rowOf(volume)]
  if (root === undefined || data === undefined) {
    t.pass('a complete command line', { skip: 'the folder for temporary files is on no disk' })
    scene.end()
    return
  }
  scene.rows.push({ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...root })
  scene.rows.push({ mntId: 51, parent: ROOT_MOUNT, mountpoint: '/data', extKey: '/data', ...data })
  scene.dir('rootfs/data')
  fs.mkdirSync(scene.dir('rootfs/app'), { recursive: true })
  scene.remap(4, '/app/link_remap.4', { mntId: ROOT_MOUNT })
  const links = [
    scene.file(scene.dir('rootfs/app'), 'link_remap.4'),
    scene.file(volume, 'link_remap.6'),
  ]
  scene.remap(6, '/data/link_remap.6', { mntId: 51 })
  scene.dump()
  const cut = ['-D', scene.images, '--keep-last-link', '-t', "it's 1"]

  const first = spawnSync('env', cleared(...commandLine(['clean', ...cut])), { encoding: 'utf8' })
  t.equal(first.status, 3, first.stderr)
  const lines = first.stderr.split('\n').filter((line) => line.includes('this is complete'))
  t.equal(lines.length, 1, 'one line')
  const [, pasted = ''] = /this is complete: (criu-gc clean .*)$/.exec(lines[0] ?? '') ?? []
  t.match(pasted, `clean -D ${scene.images} --keep-last-link -t 'it'\\''s 1' --root ${scene.root}`)
  t.match(pasted, `'mnt[/data]:${scene.base}/it'\\''s a volume'`)
  const bin = scene.dir('bin')
  const wrapper = `#!/bin/sh\nexec env -i PATH="$PATH" ${shellWords(commandLine([]))} "$@"\n`
  fs.writeFileSync(join(bin, 'criu-gc'), wrapper, { mode: 0o755 })
  const path = `PATH=${bin}:${process.env.PATH ?? ''}`
  const second = spawnSync('env', ['-i', path, 'sh', '-c', pasted], { encoding: 'utf8' })
  t.equal(second.status, 0, second.stderr)
  t.notMatch(second.stderr, 'this is complete')
  t.strictSame(
    links.filter((link) => fs.existsSync(link)),
    [],
    'both are removed',
  )
  scene.end()
})
