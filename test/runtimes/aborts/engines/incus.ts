// Incus, whose containers are LXC's below it.
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { daemon, must, pidIn, quote, sh, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { HOLDER, ROOTFS } from '../rootfs.js'

const SOCKET = '/var/lib/incus/unix.socket'
const IMAGE = '/var/lib/trial/incus'
const CONTAINERS = '/var/lib/incus/storage-pools/default/containers'

const importImage = (): void => {
  must(`rm -rf ${IMAGE} && mkdir -p ${IMAGE} && cp -a ${ROOTFS} ${IMAGE}/rootfs`)
  mkdirSync(`${IMAGE}/rootfs/sbin`, { recursive: true })
  copyFileSync(HOLDER, `${IMAGE}/rootfs/sbin/init`)
  writeFileSync(`${IMAGE}/metadata.yaml`, 'architecture: x86_64\ncreation_date: 1700000000\n')
  must(`tar -C ${IMAGE} -cf ${IMAGE}.tar metadata.yaml rootfs`)
  must(`incus image import ${IMAGE}.tar --alias trial`)
}

/** It is what starts CRIU, and may have been killed: then only its socket is left. */
const serve = (): void => {
  if (sh('incus query /1.0').code !== 0) rmSync(SOCKET, { force: true })
  const program = ['/usr/libexec/incus/incusd', '/usr/sbin/incusd'].find(existsSync) ?? 'incusd'
  daemon(`${program} --group root`, SOCKET)
  must('incus admin waitready --timeout 60')
}

export const incus: Engine = {
  name: 'incus',
  behind: '/var/real',
  dumpsConnections: true,
  removesImages: true,
  begin: () => {
    serve()
    if (sh('incus storage show default').code !== 0) {
      must('incus storage create default dir')
      must('incus profile device add default root disk path=/ pool=default')
    }
    if (sh('incus image show trial').code !== 0) importImage()
  },
  create: (id, volumes, command) => {
    const named = `/var/lib/trial/${volumes.named}`
    const root = `${CONTAINERS}/${id}/rootfs`
    sh(`incus delete --force ${id}`)
    must(`mkdir -p ${named}`)
    must(
      // A daemon that is started again would start it, too.
      `incus create trial ${id} -c boot.autostart=false ` +
        '-c security.privileged=true -c migration.stateful=true ' +
        `-c ${quote('raw.lxc=lxc.init.cmd = /sbin/trial\nlxc.mount.entry = tmpfs tmp tmpfs rw 0 0')}`,
    )
    writeFileSync(
      `${root}/sbin/trial`,
      `#!/bin/sh\n/bin/busybox mkdir -p /dev/shm\n${command[2] ?? ''}\n`,
      { mode: 0o755 },
    )
    const bind = (name: string, source: string, to: string): string =>
      must(`incus config device add ${id} ${name} disk source=${source} path=${to}`)
    bind('data', volumes.data, '/data')
    bind('other', volumes.other, '/var/real')
    bind('vol', named, '/vol')
    const start = (): ReturnType<typeof sh> => {
      serve()
      return sh(`incus start --stateless ${id}`)
    }
    const begun = start()
    if (begun.code !== 0) throw new Error(begun.stdout)
    return {
      trees: [root, volumes.data, volumes.other, named],
      // Also where the daemon is gone.
      pid: () =>
        pidIn(
          sh(`cat /sys/fs/cgroup/lxc.payload.${id}*/cgroup.procs | sort -n | head -n 1`).stdout,
        ),
      start,
      checkpoint: () => {
        serve()
        return sh(`incus stop --stateful ${id}`)
      },
      restore: () => sh(`incus start ${id}`),
      remove: () => {
        serve()
        return sh(`incus delete --force ${id}`)
      },
      words: recipe('Incus', 0, { demo: id }),
    }
  },
}
