// containerd by its own client.
import { mkdirSync, writeFileSync } from 'node:fs'
import { daemon, directories, must, pidIn, quote, sh, until, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { ROOTFS } from '../rootfs.js'

const SOCKET = '/run/containerd/containerd.sock'

export const beginContainerd = (): void => {
  mkdirSync('/etc/containerd', { recursive: true })
  const off = ['cri', 'images', 'runtime'].map((one) => `"io.containerd.cri.v1.${one}"`)
  writeFileSync(
    '/etc/containerd/config.toml',
    `version = 3\ndisabled_plugins = ["io.containerd.grpc.v1.cri", ${off.join(', ')}]\n`,
  )
  daemon('containerd', SOCKET)
}

/** An archive of one layer, as docker writes it. */
const importImage = (): void => {
  must(`cd /var/lib/trial && rm -rf image && mkdir image && tar -C ${ROOTFS} -cf image/layer.tar .`)
  const diff = must('sha256sum /var/lib/trial/image/layer.tar').split(' ')[0] ?? ''
  const config = {
    ...{ architecture: 'amd64', os: 'linux', config: {} },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diff}`] },
  }
  const manifest = [{ Config: 'config.json', RepoTags: ['local/trial:1'], Layers: ['layer.tar'] }]
  writeFileSync('/var/lib/trial/image/config.json', JSON.stringify(config))
  writeFileSync('/var/lib/trial/image/manifest.json', JSON.stringify(manifest))
  must('cd /var/lib/trial/image && tar -cf ../image.tar manifest.json config.json layer.tar')
}

const IMAGE = 'docker.io/local/trial:1'

/** `isInStore`: its checkpoints are images, and nobody is told of a directory. */
export const containerd = (name: string, isInStore: boolean): Engine => ({
  name,
  behind: '/var/link',
  begin: () => {
    beginContainerd()
    importImage()
    if (!must('ctr images ls -q').includes(IMAGE))
      must('ctr images import /var/lib/trial/image.tar')
  },
  create: (id, volumes, command) => {
    const named = `/var/lib/trial/${volumes.named}`
    const { checkpoint, images } = directories(`/var/lib/trial/${id}-images`, (to) =>
      // It calls one paused whose dump was killed.
      sh(
        `ctr t resume ${id}; ctr t checkpoint --exit ${isInStore ? '' : `--image-path ${to}`} ${id}`,
      ),
    )
    must(`mkdir -p ${named}`)
    const bind = (source: string, to: string): string =>
      `--mount type=bind,src=${source},dst=${to},options=rbind:rw`
    must(
      `ctr run -d --null-io --cpu-shares 0 ${bind(volumes.data, '/data')} ` +
        `${bind(volumes.other, '/var/link')} ${bind(named, '/vol')} ` +
        `--mount type=tmpfs,src=tmpfs,dst=/tmp,options=rw ${IMAGE} ${id} ${command.map(quote).join(' ')}`,
    )
    const upper = /upperdir=([^,\s]+)/.exec(must(`ctr snapshots mounts /x ${id}`))?.[1] ?? ''
    return {
      trees: [upper, volumes.data, volumes.other, named],
      pid: () => pidIn(sh(`ctr t ls | awk '$1=="${id}" && $3!="STOPPED" {print $2}'`).stdout),
      start: () => sh(`ctr t rm -f ${id}; ctr t start -d --null-io ${id}`),
      checkpoint,
      remove: () => {
        const done = sh(`ctr t rm -f ${id}; ctr c rm ${id}`)
        sh('ctr images rm --sync $(ctr images ls -q | grep ^containerd.io/checkpoint/)')
        // Its snapshot is removed later.
        until('the snapshot goes', () => sh(`test -d ${upper}`).code !== 0)
        return done
      },
      get words() {
        return recipe('containerd', isInStore ? 1 : 0, { demo: id, '/srv/images/demo': images() })
      },
    }
  },
})
