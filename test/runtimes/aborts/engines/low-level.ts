// runc and crun with a bundle of ours. A checkpoint that ends the container makes them forget it.
import { readFileSync, writeFileSync } from 'node:fs'
import { must, pidIn, sh, type Engine } from '../engine.js'
import { recipe } from '../recipe.js'
import { ROOTFS } from '../rootfs.js'

interface Spec {
  process: { args: readonly string[]; terminal: boolean }
  root: { path: string; readonly: boolean }
  linux: { resources?: unknown }
  mounts: { destination: string; type: string; source: string; options: string[] }[]
}

/** `runtime`: a command. */
export const lowLevel = (name: string, runtime: string = name): Engine => {
  const behind = name === 'crun' ? '/var/real' : '/var/link'
  return {
    name,
    behind,
    begin: () => undefined,
    create: (id, volumes, command) => {
      const bundle = `/var/lib/trial/${id}`
      const named = `/var/lib/trial/${volumes.named}`
      must(`rm -rf ${bundle} && mkdir -p ${bundle} ${named} && cp -a ${ROOTFS} ${bundle}/rootfs`)
      must(`cd ${bundle} && ${runtime} spec`)
      const spec = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')) as Spec
      spec.process = { ...spec.process, args: command, terminal: false }
      // absolute: crun resolves destinations below a relative root from wherever it is started
      spec.root = { path: `${bundle}/rootfs`, readonly: false }
      delete spec.linux.resources
      const bind = (source: string, destination: string) =>
        spec.mounts.push({ destination, type: 'bind', source, options: ['bind', 'rw'] })
      bind(volumes.data, '/data')
      bind(volumes.other, behind)
      bind(named, '/vol')
      spec.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['rw'] })
      writeFileSync(`${bundle}/config.json`, JSON.stringify(spec))
      const run = (): ReturnType<typeof sh> =>
        sh(
          `${runtime} delete --force ${id} 2>/dev/null; ${runtime} run --detach --bundle ${bundle} ${id} >/dev/null`,
        )
      const images = `--image-path ${bundle}/checkpoint --work-path ${bundle}/checkpoint`
      const begun = run()
      if (begun.code !== 0) throw new Error(begun.stdout)
      const pid = (): number | undefined => {
        const { code, stdout } = sh(`${runtime} state ${id}`)
        if (code !== 0) return undefined
        const state = JSON.parse(stdout) as { pid: number; status: string }
        return state.status === 'running' ? pidIn(String(state.pid)) : undefined
      }
      return {
        trees: [`${bundle}/rootfs`, volumes.data, volumes.other, named],
        pid,
        start: run,
        checkpoint: () => {
          must(`mkdir -p ${bundle}/checkpoint`)
          return sh(`${runtime} checkpoint ${images} ${id}`)
        },
        restore: () => {
          const done = sh(
            `${runtime} restore --detach --bundle ${bundle} ${images} ${id} >/dev/null`,
          )
          if (done.code !== 0) sh(`${runtime} delete --force ${id}`)
          return done
        },
        remove: () => sh(`${runtime} delete --force ${id}; rm -rf ${bundle}/rootfs`),
        words: recipe('runc, crun and youki', 0, { '/var/tmp/demo': bundle }),
      }
    },
  }
}
