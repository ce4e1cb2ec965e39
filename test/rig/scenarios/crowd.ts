// Trees of so many processes with so many files, for dumps that are killed: of the host, and a container with all
// kinds of places for links.
import { mkdirSync } from 'node:fs'
import * as h from '../holder.js'
import { mount, unmount } from '../namespace.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Shape } from '../living.js'

/** how many of the files each process has in each of so many places */
const share = (files: number, processes: number, places: number): number[][] => {
  const shares = Array.from({ length: processes }, () => Array<number>(places).fill(0))
  for (let file = 0; file < files; file++) {
    const own = shares[file % processes]!
    own[Math.floor(file / processes) % places]! += 1
  }
  return shares
}

/** those of one process, in folders of its own */
const hold = (process: number, places: readonly string[], counts: readonly number[]) =>
  places.flatMap((place, index) => {
    const count = counts[index] ?? 0
    return count > 0 ? [h.many(`${place}/p${process}`, count, 5)] : []
  })

const child = (inside: h.Instruction[]): h.Instruction => ['fork', ...inside.flat(), 'end']

const title = (place: string, files: number, processes: number): string =>
  `${files} files, ${processes} process${processes > 1 ? 'es' : ''}, ${place}`

export const hostCrowd = (files: number, processes: number): Shape => ({
  name: title('host', files, processes),
  build(base) {
    const places = ['a', 'b/c'].map((name) => makeTree(`${base}/tree/${name}`))
    const [first, ...others] = share(files, processes, places.length).map((counts, process) => {
      for (const place of places) mkdirSync(`${place}/p${process}`)
      return hold(process, places, counts)
    })
    return {
      instructions: [['stdio'], ...(first ?? []), ...others.map(child)],
      held: [],
      trees: [`${base}/tree`],
    }
  },
})

/** the last of its processes, if it has more than one, is in a mount namespace of its own */
export const containerCrowd = (files: number, processes: number): Shape => ({
  name: title('container', files, processes),
  inside: (pids) => [
    `/proc/${pids[0]}/root/tmp`,
    ...(processes > 1 ? [`/proc/${pids.at(-1)}/root/inner/tmp`] : []),
  ],
  build(base) {
    const lower = makeRootfs(`${base}/lower`, ['app', 'data', 'tmp', 'inner/bind', 'inner/tmp'])
    const volume = makeTree(`${base}/volume`)
    for (const dir of ['upper', 'work', 'merged']) makeTree(`${base}/${dir}`)
    const root = `${base}/merged`
    const layers = `lowerdir=${lower},upperdir=${base}/upper,workdir=${base}/work`
    mount('-t', 'overlay', '-o', layers, 'overlay', root)
    const [first, ...others] = share(files, processes, 3).map((counts, process) => {
      for (const place of [`${root}/app`, volume]) mkdirSync(`${place}/p${process}`)
      if (process === 0 || process < processes - 1) {
        const own = process === 0 ? foldersFor(processes) : []
        return [...own, ...hold(process, ['/app', '/data', '/tmp'], counts)]
      }
      return [
        h.mkdir(`/inner/tmp/p${process}`),
        ...hold(process, ['/inner/bind', '/data', '/inner/tmp'], counts),
      ]
    })
    const plain = others.slice(0, -1).map(child)
    const last = others
      .slice(-1)
      .map((own) => h.nested([h.bind('/app', '/inner/bind'), h.tmpfs('/inner/tmp')], own))
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp', 'size=4m')],
        [...(first ?? []), ...plain, ...last],
      ),
      held: [],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [lower, `${base}/upper`, root, volume],
      cleanup: () => unmount(root),
    }
  },
})

/** on its tmpfs, for all that are to come */
const foldersFor = (processes: number): h.Instruction[] =>
  Array.from({ length: Math.max(1, processes - 1) }, (_, process) => h.mkdir(`/tmp/p${process}`))
