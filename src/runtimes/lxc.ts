// LXC: one file of "key = value" lines for each container. Where the images are is for the caller to say.
import path from 'node:path'
import { unescapeOctal } from '../bytes.js'
import type { ConfiguredMount, Container, RootPlace, Runtime } from './container.js'
import { firstProcesses, namesGroup, type First } from './process.js'
import { isName } from './state.js'
import { isDirectory, namesIn, readTrusted, realPath } from './trusted.js'

export interface LxcConfig {
  readonly root: RootPlace | undefined
  readonly mounts: readonly ConfiguredMount[]
}

const valuesOf = (config: string, ...keys: string[]): string[] =>
  config.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    return keys.includes(key) && value !== '' ? [value] : []
  })

/** "dir:/path", "overlay:/lower:/upper", or a path alone. */
const rootOf = (value: string | undefined, from: string): RootPlace | undefined => {
  if (value === undefined) return undefined
  const [kind = '', ...paths] = value.split(':')
  // Of an overlay the last one is the upper directory, where all is written.
  const place = kind.startsWith('/') ? kind : paths.at(-1)
  return place?.startsWith('/') === true ? { path: place, from, isMountpoint: false } : undefined
}

/** fstab(5): source, destination without the leading slash, type, options. */
const entryOf = (line: string, from: string): ConfiguredMount[] => {
  const [source, destination, , options = ''] = line.trim().split(/\s+/).map(unescapeOctal)
  const isBind = options.split(',').some((option) => option === 'bind' || option === 'rbind')
  return isBind && source?.startsWith('/') === true && destination !== undefined
    ? [{ source, destination, from }]
    : []
}

export const parseLxc = (config: string, from: string): LxcConfig => ({
  root: rootOf(valuesOf(config, 'lxc.rootfs.path', 'lxc.rootfs').at(-1), from),
  mounts: valuesOf(config, 'lxc.mount.entry').flatMap((line) => entryOf(line, from)),
})

/** Files that name each other in a ring must not keep us. */
const MOST_INCLUDED = 64

/**
 * With the lines of what it includes in their place: files, or all *.conf of a directory. @throws GcError refused.
 */
const withIncluded = (config: string): string => {
  let left = MOST_INCLUDED
  const expand = (text: string): string =>
    text
      .split('\n')
      .flatMap((line) => {
        const [place] = valuesOf(line, 'lxc.include')
        if (place?.startsWith('/') !== true) return [line]
        const files = isDirectory(place)
          ? namesIn(place)
              .filter((name) => name.endsWith('.conf'))
              .map((name) => path.join(place, name))
          : [place]
        return files.flatMap((file) => (left-- > 0 ? [expand(readTrusted(file) ?? '')] : []))
      })
      .join('\n')
  return expand(config)
}

/**
 * Whether a process is the first one of the container with that name below that folder. What watches over it says so; its
 * cgroup only where that says nothing: "-1" and so on stands behind the name there where an earlier one was left.
 */
export const isPayload =
  (folder: string, name: string) =>
  ({ starter, groups }: First): boolean => {
    const [, place, called] = /^\[lxc monitor\] (\/.*) ([^ ]+)$/.exec(starter ?? '') ?? []
    return place === undefined
      ? groups.some((line) => namesGroup(line, `lxc.payload.${name}`))
      : called === name && realPath(place) === realPath(folder)
  }

const containerOf = (place: string, id: string, first = firstProcesses()): Container[] => {
  if (!isName(id)) return []
  const home = path.join(place, id)
  const from = path.join(home, 'config')
  const config = readTrusted(from)
  if (config === undefined) return []
  const { root, mounts } = parseLxc(withIncluded(config), from)
  return [
    {
      runtime: 'lxc',
      id,
      name: undefined,
      home: realPath(home),
      roots: root === undefined ? [] : [root],
      mounts,
      process: first(isPayload(place, id)),
      images: [],
      workDir: undefined,
    },
  ]
}

export const LXC: Runtime = {
  name: 'lxc',
  places: ['/var/lib/lxc'],
  find: (place, id) => containerOf(place, id),
  all: (place) => {
    const first = firstProcesses()
    return namesIn(place).map((id) => ({
      home: path.join(place, id),
      look: () => containerOf(place, id, first),
    }))
  },
}
