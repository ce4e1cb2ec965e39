// podman, with each of its runtimes and storage drivers.
import { writeFileSync } from 'node:fs'
import { must, pidIn, quote, sh, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { ROOTFS } from '../rootfs.js'

interface How {
  readonly runtime: 'runc' | 'crun'
  readonly storage: keyof typeof STORAGES
  /** For a user namespace of its own. */
  readonly mapped?: true
}

/** podman keeps one driver for each place. */
const STORAGES = {
  overlay: { place: '/var/lib/containers/storage', driver: 'overlay', more: '' },
  vfs: { place: '/var/lib/containers/vfs', driver: 'vfs', more: '' },
  fuse: {
    place: '/var/lib/containers/fuse',
    driver: 'overlay',
    more: '[storage.options.overlay]\nmount_program="/usr/bin/fuse-overlayfs"\n',
  },
} as const

const MAPPED = '--uidmap 0:100000:65536 --gidmap 0:100000:65536'

const CONF = `[containers]
pids_limit=0
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
`

export const podman = (name: string, { runtime, storage, mapped }: How): Engine => {
  const { place, driver, more } = STORAGES[storage]
  const conf = `/etc/containers/${storage}.conf`
  const call = `CONTAINERS_STORAGE_CONF=${conf} podman --runtime ${runtime}`
  return {
    name,
    behind: runtime === 'crun' ? '/var/real' : '/var/link',
    begin: () => {
      writeFileSync('/etc/containers/containers.conf', CONF)
      writeFileSync(
        conf,
        `[storage]\ndriver="${driver}"\ngraphroot="${place}"\nrunroot="/run/containers/${storage}"\n${more}`,
      )
      if (sh(`${call} image exists localhost/trial`).code !== 0)
        must(`tar -C ${ROOTFS} -c . | ${call} import - localhost/trial`)
    },
    create: (id, volumes, command) => {
      sh(`${call} rm -f -t 0 ${id}; ${call} volume rm ${volumes.named}`)
      // Its root is nobody here.
      if (mapped) must(`chmod -R a+rwX ${volumes.data} ${volumes.other}`)
      must(
        `${call} run -d --replace --name ${id} --network none ` +
          '--ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --tmpfs /tmp ' +
          `-v ${volumes.data}:/data -v ${volumes.other}:${runtime === 'crun' ? '/var/real' : '/var/link'} ` +
          `-v ${volumes.named}:/vol ${mapped ? MAPPED : ''} localhost/trial ${command.map(quote).join(' ')}`,
      )
      const inspect = (format: string): string =>
        must(`${call} inspect ${id} --format ${quote(format)}`)
      const volume = must(`${call} volume inspect ${volumes.named} --format '{{.Mountpoint}}'`)
      const upper = driver === 'overlay' ? inspect('{{.GraphDriver.Data.UpperDir}}') : undefined
      const layer = upper ?? must(`${call} mount ${id}`)
      return {
        trees: [layer, volumes.data, volumes.other, volume],
        pid: () => pidIn(sh(`${call} inspect ${id} --format '{{.State.Pid}}'`).stdout),
        start: () => sh(`${call} start ${id}`),
        checkpoint: () => sh(`${call} container checkpoint ${id}`),
        restore: () => sh(`${call} container restore ${id}`),
        remove: () => sh(`${call} rm -f -t 0 ${id}`),
        export: (file) => sh(`${call} container checkpoint --export ${file} ${id}`),
        words: recipe('podman', storage === 'overlay' ? 0 : 1, { demo: id, '/srv/graph': place }),
      }
    },
  }
}
