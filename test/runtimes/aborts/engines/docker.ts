// docker with containerd below it.
import { existsSync, rmSync } from 'node:fs'
import { daemon, must, pidIn, quote, sh, until, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { ROOTFS } from '../rootfs.js'
import { beginContainerd } from './containerd.js'

const SOCKET = '/run/docker.sock'
const PID = '/run/docker.pid'

/** With a driver of its own, or with containerd's image store and snapshots. */
const STORES = {
  overlay2: { data: '/var/lib/docker', settings: '--storage-driver overlay2' },
  snapshots: { data: '/var/lib/docker-snapshots', settings: '--feature containerd-snapshotter' },
} as const

/** One at a time, as it has one socket. */
const start = (store: keyof typeof STORES): void => {
  const { data, settings } = STORES[store]
  const isIt = sh(`tr '\\0' ' ' </proc/$(cat ${PID})/cmdline`).stdout.includes(`${data} `)
  if (isIt) return
  if (existsSync(PID)) {
    sh(`kill $(cat ${PID})`)
    until('dockerd ends', () => !existsSync(PID))
    rmSync(SOCKET, { force: true })
  }
  daemon(
    `dockerd --data-root ${data} ${settings} --experimental --iptables=false --ip6tables=false ` +
      '--bridge=none --containerd /run/containerd/containerd.sock ' +
      '--exec-opt native.cgroupdriver=cgroupfs',
    SOCKET,
  )
  until('dockerd answers', () => sh('docker version').code === 0)
}

const snapshotOf = (id: string): string =>
  /upperdir=([^,\s]+)/.exec(must(`ctr -n moby snapshots mounts /x ${id}`))?.[1] ?? ''

export const docker = (name: string, store: keyof typeof STORES): Engine => ({
  name,
  behind: '/var/link',
  begin: () => {
    beginContainerd()
    start(store)
    if (sh('docker image inspect trial').code !== 0)
      must(`tar -C ${ROOTFS} -c . | docker import - trial`)
  },
  create: (id, volumes, command) => {
    sh(`docker rm -f ${id}; docker volume rm ${volumes.named}`)
    must(
      `docker run -d --name ${id} --network none --ulimit nofile=1024:1024 --tmpfs /tmp ` +
        `-v ${volumes.data}:/data -v ${volumes.other}:/var/link -v ${volumes.named}:/vol ` +
        `trial ${command.map(quote).join(' ')}`,
    )
    const inspect = (format: string): string =>
      must(`docker inspect ${id} --format ${quote(format)}`)
    const volume = must(`docker volume inspect ${volumes.named} --format '{{.Mountpoint}}'`)
    let count = 0
    return {
      trees: [
        store === 'overlay2'
          ? inspect('{{.GraphDriver.Data.UpperDir}}')
          : snapshotOf(inspect('{{.Id}}')),
        volumes.data,
        volumes.other,
        volume,
      ],
      pid: () => pidIn(sh(`docker inspect ${id} --format '{{.State.Pid}}'`).stdout),
      start: () => sh(`docker start ${id}`),
      checkpoint: () => sh(`docker checkpoint create ${id} point${(count += 1)}`),
      restore: () => sh(`docker start --checkpoint point${count} ${id}`),
      remove: () => sh(`docker rm -f ${id}`),
      words: recipe('docker', store === 'overlay2' ? 0 : 2, {
        demo: id,
        '/srv/docker': STORES[store].data,
      }),
    }
  },
})
