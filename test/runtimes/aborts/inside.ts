// What runs in the machine: all ways to give a checkpoint up, with the runtimes that are named; a row of JSON for each.
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { ABORTS } from './aborts.js'
import { must, sh, type Engine } from './engine.js'
import { containerd } from './engines/containerd.js'
import { docker } from './engines/docker.js'
import { incus } from './engines/incus.js'
import { lowLevel } from './engines/low-level.js'
import { lxc } from './engines/lxc.js'
import { podman } from './engines/podman.js'
import { HOLDER, makeRootfs } from './rootfs.js'
import { table } from './table.js'
import { trial, type Row } from './trial.js'

const ENGINES: readonly Engine[] = [
  lowLevel('runc'),
  lowLevel('runc 1.1', '/opt/runc-1.1/usr/sbin/runc'),
  lowLevel('crun'),
  podman('podman, crun', { runtime: 'crun', storage: 'overlay' }),
  podman('podman, runc', { runtime: 'runc', storage: 'overlay' }),
  podman('podman, vfs', { runtime: 'runc', storage: 'vfs' }),
  podman('podman, fuse-overlayfs', { runtime: 'crun', storage: 'fuse' }),
  podman('podman, --uidmap', { runtime: 'runc', storage: 'overlay', mapped: true }),
  containerd('containerd', false),
  containerd('containerd, store', true),
  docker('docker', 'overlay2'),
  docker('docker, snapshots', 'snapshots'),
  lxc,
  incus,
]

const [holder = '', killer = '', only = '', which = ''] = process.argv.slice(2)

/** CRIU is killed where a file says so. */
const WRAPPER = `#!/bin/sh
if [ -e /run/criu-killing ]; then . /run/criu-killing; export LD_PRELOAD=/var/lib/trial/killer.so; fi
exec /usr/lib/criu/criu "$@"
`

// A machine may be used again, also by the trials of ../inside.ts: podman's database is for one driver.
sh('umount /var/lib/containers/storage/overlay')
must('rm -rf /var/lib/trial /var/lib/lxc/trial* /var/lib/containers')
mkdirSync('/var/lib/trial', { recursive: true })
copyFileSync(holder, HOLDER)
copyFileSync(killer, '/var/lib/trial/killer.so')
if (!existsSync('/usr/lib/criu/criu')) {
  mkdirSync('/usr/lib/criu', { recursive: true })
  renameSync('/usr/sbin/criu', '/usr/lib/criu/criu')
}
writeFileSync('/usr/sbin/criu', WRAPPER, { mode: 0o755 })
mkdirSync('/etc/criu', { recursive: true })
for (const name of ['runc', 'crun', 'default'])
  writeFileSync(`/etc/criu/${name}.conf`, name === 'default' ? '' : 'link-remap\n')
makeRootfs()

const isOneOf = (chosen: string, name: string): boolean =>
  chosen === '' || chosen.split('+').includes(name)

const rows: Row[] = []
for (const engine of ENGINES.filter(({ name }) => isOneOf(only, name))) {
  engine.begin()
  for (const abort of ABORTS.filter(({ name }) => isOneOf(which, name))) {
    const row = trial(engine, abort)
    rows.push(row)
    if (row.wrong.length > 0)
      console.error(`${row.engine}, ${row.abort}:\n${row.wrong.join('\n')}\n`)
  }
}
console.log(`\n${table(rows)}`)
process.exit(rows.every(({ wrong }) => wrong.length === 0) ? 0 : 1)
