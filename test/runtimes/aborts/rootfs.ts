// The root file system of all containers here: the holder and a shell, and what it is told to hold.
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { must } from './engine.js'

export const ROOTFS = '/var/lib/trial/rootfs'
export const HOLDER = '/var/lib/trial/holder'

export const makeRootfs = (): void => {
  must(`rm -rf ${ROOTFS} && mkdir -p ${ROOTFS}`)
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'etc', 'run', 'tmp', 'app', 'vol'])
    mkdirSync(`${ROOTFS}/${folder}`)
  for (const folder of ['data', 'var/real', 'dev/shm'])
    mkdirSync(`${ROOTFS}/${folder}`, { recursive: true })
  symlinkSync('real', `${ROOTFS}/var/link`)
  copyFileSync(HOLDER, `${ROOTFS}/holder`)
  copyFileSync('/bin/busybox', `${ROOTFS}/bin/busybox`)
  symlinkSync('busybox', `${ROOTFS}/bin/sh`)
  must(`mknod -m 666 ${ROOTFS}/dev/null c 1 3; chmod 755 ${ROOTFS}/holder ${ROOTFS}/bin/busybox`)
}

/** What it holds has another name at each start: those of the last one stay. */
const HELD = [
  'hold /app/old /app/kept 10 644',
  'hold /data/old /data/kept 20 600',
  'hold /var/real/old /var/real/kept 30 644',
  'hold /vol/old /vol/kept 40 644',
  'hold /tmp/old /tmp/kept 50 644',
  'hold /dev/shm/old /dev/shm/kept 60 644',
  'open /data/needed',
]

/** One with a connection, which needs an option that no runtime gives by itself. */
export const command = (more: readonly string[] = []): string[] => [
  '/bin/sh',
  '-c',
  [
    'n=0; while [ -e /app/kept$n ]; do n=$((n+1)); done; export HOLDER_SUFFIX=$n',
    `exec /holder stdio ${[...HELD, ...more].join(' ')}`,
  ].join('; '),
]
