// Incus, and LXD before it: the devices of a container stand in its backup.yaml, the images of a stateful stop in `state`.
import path from 'node:path'
import { imagesNamed } from './bundle.js'
import type { ConfiguredMount, Container, KnownImages, Runtime } from './container.js'
import { isPayload } from './lxc.js'
import { firstProcesses } from './process.js'
import { isName } from './state.js'
import { namesIn, readTrusted, realPath } from './trusted.js'

/** A scalar of YAML as Incus writes one. */
const scalar = (value: string): string => {
  const [, double] = /^"(.*)"$/.exec(value) ?? []
  if (double !== undefined) return double.replace(/\\(["\\])/g, '$1')
  const [, single] = /^'(.*)'$/.exec(value) ?? []
  return single === undefined ? value : single.replaceAll("''", "'")
}

/** The devices of the container itself, profiles included: name to property to value. No other YAML is understood. */
const devicesOf = (yaml: string): Map<string, string>[] => {
  const lines = yaml.split('\n')
  const start = lines.findIndex((line) => /^( {2}| {4})expanded_devices:$/.test(line))
  const indent = /^ */.exec(lines[start] ?? '')?.[0].length ?? 0
  const devices: Map<string, string>[] = []
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    const [, blanks = '', key = '', value = ''] = /^( *)([^:\s][^:]*):(?: (.*))?$/.exec(line) ?? []
    if (blanks.length <= indent) break
    if (value === '') devices.push(new Map())
    else devices.at(-1)?.set(key, scalar(value))
  }
  return devices
}

export const parseIncus = (yaml: string, from: string): ConfiguredMount[] =>
  devicesOf(yaml).flatMap((device): ConfiguredMount[] => {
    const [source, destination] = [device.get('source'), device.get('path')]
    // With a pool the source is a volume's name.
    return device.get('type') === 'disk' &&
      destination !== undefined &&
      source?.startsWith('/') === true
      ? [{ source, destination, from }]
      : []
  })

/** Of the container itself and of its snapshots, where they were made with its processes. */
const imagesOf = (home: string, place: string, id: string): KnownImages[] => {
  const snapshots = realPath(path.join(place, 'containers-snapshots', id))
  return [
    ...imagesNamed(home, ['state']),
    ...namesIn(snapshots).flatMap((name) =>
      imagesNamed(path.join(snapshots, name), ['state']).map((one) => ({ ...one, name })),
    ),
  ]
}

const containerOf = (place: string, id: string, first = firstProcesses()): Container[] => {
  if (!isName(id)) return []
  // A link into the storage pool, for as long as that is mounted.
  const home = realPath(path.join(place, 'containers', id))
  const from = path.join(home, 'backup.yaml')
  // Its folder is the container's own root's, where that is no privileged one.
  const yaml = readTrusted(from, true)
  if (yaml === undefined) return []
  return [
    {
      runtime: 'incus',
      id,
      name: undefined,
      home,
      roots: [{ path: path.join(home, 'rootfs'), from: home, isMountpoint: false }],
      mounts: parseIncus(yaml, from),
      process: first(isPayload(path.join(place, 'containers'), id)),
      images: imagesOf(home, place, id),
      workDir: undefined,
    },
  ]
}

export const INCUS: Runtime = {
  name: 'incus',
  places: ['/var/lib/incus', '/var/lib/lxd'],
  find: (place, id) => containerOf(place, id),
  all: (place) => {
    const first = firstProcesses()
    return namesIn(path.join(place, 'containers')).map((id) => ({
      home: path.join(place, 'containers', id),
      look: () => containerOf(place, id, first),
    }))
  },
}
