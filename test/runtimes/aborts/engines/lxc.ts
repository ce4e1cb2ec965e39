// LXC, where link remaps are always on.
import { mkdirSync, writeFileSync } from 'node:fs'
import { directories, must, pidIn, sh, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { ROOTFS } from '../rootfs.js'

export const lxc: Engine = {
  name: 'lxc',
  behind: '/var/real',
  dumpsConnections: true,
  begin: () => undefined,
  create: (id, volumes, command) => {
    const home = `/var/lib/lxc/${id}`
    const named = `/var/lib/trial/${volumes.named}`
    const { checkpoint, images } = directories(`/var/lib/trial/${id}-images`, (to) =>
      sh(`lxc-checkpoint -n ${id} -D ${to} -s -v`),
    )
    must(`rm -rf ${home}; mkdir -p ${home} ${named}; cp -a ${ROOTFS} ${home}/rootfs`)
    mkdirSync(`${home}/rootfs/sbin`, { recursive: true })
    writeFileSync(`${home}/rootfs/sbin/trial`, `#!/bin/sh\n${command[2] ?? ''}\n`, { mode: 0o755 })
    const bind = (source: string, to: string): string =>
      `lxc.mount.entry = ${source} ${to} none bind 0 0`
    writeFileSync(
      `${home}/config`,
      [
        `lxc.rootfs.path = dir:${home}/rootfs`,
        `lxc.uts.name = ${id}`,
        'lxc.net.0.type = empty',
        'lxc.console.path = none',
        'lxc.tty.max = 0',
        'lxc.apparmor.profile = unconfined',
        'lxc.mount.auto = proc:rw sys:ro',
        'lxc.autodev = 0',
        'lxc.cap.drop =',
        'lxc.init.cmd = /sbin/trial',
        bind(volumes.data, 'data'),
        bind(volumes.other, 'var/real'),
        bind(named, 'vol'),
        'lxc.mount.entry = tmpfs tmp tmpfs rw 0 0',
        'lxc.mount.entry = tmpfs dev/shm tmpfs rw 0 0',
        '',
      ].join('\n'),
    )
    const start = (): ReturnType<typeof sh> =>
      sh(`lxc-start -d -n ${id} && lxc-wait -n ${id} -s RUNNING -t 5`)
    const begun = start()
    if (begun.code !== 0) throw new Error(begun.stdout)
    return {
      trees: [`${home}/rootfs`, volumes.data, volumes.other, named],
      pid: () => pidIn(sh(`lxc-info -n ${id} -p -H`).stdout),
      start,
      checkpoint,
      restore: () => sh(`lxc-checkpoint -n ${id} -D ${images()} -r -v`),
      remove: () => sh(`lxc-stop -k -n ${id}; rm -rf ${home}`),
      get words() {
        return recipe('LXC', 0, { demo: id, '/srv/images/demo': images() })
      },
    }
  },
}
