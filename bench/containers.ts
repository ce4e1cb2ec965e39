// Containers by what their runtime keeps of them: one by its bundle to the same with options typed, and a list of many.
import fs from 'node:fs'
import path from 'node:path'
import { criuGc } from '../test/rig/repo.js'
import { Dump } from './dump.js'
import { type Bench, interleave, paired, type Row, times } from './measure.js'

const ROUNDS = 21
const MANY = 200

const put = (file: string, value: unknown): void => {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
}

/** Of docker, which has most to read for one. Answers with its data root. */
const makeMany = (folder: string): string => {
  const data = path.join(folder, 'data')
  for (let number = 0; number < MANY; number++) {
    const { images, root } = new Dump(path.join(folder, String(number)), { links: 5 })
    const id = `id-${number}`
    const home = path.join(data, 'containers', id)
    put(path.join(home, 'config.v2.json'), { Name: `/c${number}`, Driver: 'overlay2' })
    put(path.join(data, 'image/overlay2/layerdb/mounts', id, 'mount-id'), id)
    for (const [to, at] of [
      [root, path.join(data, 'overlay2', id, 'diff')],
      [images, path.join(home, 'checkpoints/one')],
    ] as const) {
      fs.mkdirSync(path.dirname(at), { recursive: true })
      fs.symlinkSync(to, at)
    }
  }
  return data
}

export const containers = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'bundle'), { links: 1 })
  const bundle = path.join(bench.folder, 'bundle')
  put(path.join(bundle, 'config.json'), { root: { path: 'rootfs' }, mounts: [] })
  const data = makeMany(path.join(bench.folder, 'many'))
  const runs = interleave(ROUNDS, {
    bundle: () => dump.timed(() => bench.clean('-D', dump.images, '--bundle', bundle)),
    typed: () => dump.timed(() => bench.clean(...dump.arguments)),
    list: () => bench.node(criuGc, 'list', '--json', '--runtime', 'docker', '--runtime-root', data),
  })
  const more = paired(runs, (of) => of('bundle').wallMs - of('typed').wallMs)
  const seconds = paired(runs, (of) => of('list').wallMs) / 1000
  return [
    {
      what: 'one remap by --bundle, over options typed',
      goal: '<= 5 ms',
      measured: `${more.toFixed(1)} ms`,
      from: `${times(runs.bundle)} to ${times(runs.typed)}`,
    },
    {
      what: `list of ${MANY} containers, each with a checkpoint`,
      goal: '<= 0.5 s',
      measured: `${seconds.toFixed(2)} s`,
      from: times(runs.list),
    },
  ]
}
