// Containers by what their runtime keeps of them: one by its bundle to the same with options typed, and a list of many.
import fs from 'node:fs'
import path from 'node:path'
import { must } from '../test/rig/command.js'
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

/** Of the kubelet, in archives. Answers with their folder. */
const makeArchives = (folder: string): string => {
  const place = path.join(folder, 'kubelet')
  const above = path.join(folder, 'above')
  fs.mkdirSync(place, { recursive: true })
  const { images, root } = new Dump(path.join(folder, 'archived'), { links: 5 })
  fs.mkdirSync(above)
  fs.renameSync(images, path.join(above, 'checkpoint'))
  put(path.join(above, 'spec.dump'), { root: { path: root } })
  put(path.join(above, 'config.dump'), { id: 'none' })
  // Most of a real one.
  fs.writeFileSync(path.join(above, 'checkpoint/pages-1.img'), Buffer.alloc(1 << 20))
  for (let number = 0; number < MANY; number++)
    must('tar', [
      ...['--format=posix', '-C', above, '-cf'],
      ...[path.join(place, `checkpoint-pod_default-c${number}-2026-11-26T06:30:00Z.tar`), '.'],
    ])
  return place
}

export const containers = (bench: Bench): Row[] => {
  const dump = new Dump(path.join(bench.folder, 'bundle'), { links: 1 })
  const bundle = path.join(bench.folder, 'bundle')
  put(path.join(bundle, 'config.json'), { root: { path: 'rootfs' }, mounts: [] })
  const data = makeMany(path.join(bench.folder, 'many'))
  const place = makeArchives(path.join(bench.folder, 'archives'))
  const list = (runtime: string, root: string) =>
    bench.node(criuGc, 'list', '--json', '--runtime', runtime, '--runtime-root', root)
  const runs = interleave(ROUNDS, {
    bundle: () => dump.timed(() => bench.clean('-D', dump.images, '--bundle', bundle)),
    typed: () => dump.timed(() => bench.clean(...dump.arguments)),
    list: () => list('docker', data),
    archives: () => list('kubelet', place),
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
    {
      what: `the same of ${MANY} archives of the kubelet`,
      goal: '<= 0.5 s',
      measured: `${(paired(runs, (of) => of('archives').wallMs) / 1000).toFixed(2)} s`,
      from: times(runs.archives),
    },
  ]
}
