// docker with containerd below it.
import { daemon, must, pidIn, quote, sh, type Engine } from '../engine.js'
import { ROOTFS } from '../rootfs.js'
import { beginContainerd } from './containerd.js'

const SOCKET = '/run/docker.sock'

export const docker: Engine = {
  name: 'docker',
  behind: '/var/link',
  begin: () => {
    beginContainerd()
    daemon(
      'dockerd --experimental --iptables=false --ip6tables=false --bridge=none ' +
        '--containerd /run/containerd/containerd.sock --exec-opt native.cgroupdriver=cgroupfs',
      SOCKET,
    )
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
      trees: [inspect('{{.GraphDriver.Data.UpperDir}}'), volumes.data, volumes.other, volume],
      pid: () => pidIn(sh(`docker inspect ${id} --format '{{.State.Pid}}'`).stdout),
      start: () => sh(`docker start ${id}`),
      checkpoint: () => sh(`docker checkpoint create ${id} point${(count += 1)}`),
      restore: () => sh(`docker start --checkpoint point${count} ${id}`),
      remove: () => sh(`docker rm -f ${id}`),
      // Of a dump that was killed docker removes the images, and its log is a copy that is later than the dump.
      words: ['--container', id, '--since', '5m'],
    }
  },
}
