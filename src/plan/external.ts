// The caller's external mappings, in CRIU's own syntax. Only these name host directories; an image
// names keys.
import { resolve } from 'node:path'
import { fromText, type Bytes } from '../bytes.js'
import { locating, usage, type GcError } from '../errors.js'
import { shellQuote } from '../escape.js'
import { ROOT } from '../paths.js'

export interface Externals {
  /** mnt[KEY]:PATH and -M KEY:PATH; the last given for a key wins, as in CRIU. */
  readonly mapped: ReadonlyMap<Bytes, Bytes>
  /** dev[NAME]:/dev/x */
  readonly devices: ReadonlyMap<Bytes, Bytes>
  /** mnt[] or -M auto: mounts that CRIU itself found to be external may be used. */
  readonly auto: boolean
}

/** One --external or -M with its value. */
export interface ExternalOption {
  readonly option: 'external' | 'ext-mount-map'
  readonly value: string
  /** The line of a configuration file. */
  readonly where?: string | undefined
}

/** Absolute, and without a slash at its end, which would follow a symbolic link. */
const hostPath = (path: string): Bytes => fromText(resolve(path))

/** A kind with its key in brackets, then a value after a colon: "mnt[/data]:/srv/data". */
const RESOURCE = /^([a-z]\w*)\[(.*?)\](?::(.*))?$/s

interface Building extends Externals {
  readonly mapped: Map<Bytes, Bytes>
  readonly devices: Map<Bytes, Bytes>
  auto: boolean
}

/** @throws GcError usage for a value that CRIU refuses too, or that would mean nothing to it. */
export const parseExternals = (options: readonly ExternalOption[]): Externals => {
  const externals: Building = { mapped: new Map(), devices: new Map(), auto: false }
  for (const { option, value, where } of options)
    locating(where, () =>
      option === 'external' ? addResource(externals, value) : addMapping(externals, value),
    )
  return externals
}

/** -M KEY:PATH, or "auto". */
const addMapping = (externals: Building, value: string): void => {
  if (value === 'auto') {
    externals.auto = true
    return
  }
  const [, key, path] = /^([^:]+):(.+)$/s.exec(value) ?? []
  if (key === undefined || path === undefined)
    throw usage(`-M ${value}: neither KEY:PATH nor "auto"`, {
      next: "write -M KEY:PATH, or --external 'mnt[KEY]:PATH'",
    })
  externals.mapped.set(fromText(key), hostPath(path))
}

const addResource = (externals: Building, value: string): void => {
  const [, kind, key, path = ''] = RESOURCE.exec(value) ?? []
  if (kind === undefined || key === undefined) throw notResource(value)
  if (kind === 'mnt' && key === '') {
    if (path !== '' && !/^[ms]/.test(path))
      throw usage(`--external ${value}: only "m" or "s" may follow mnt[]:`)
    externals.auto = true
  } else if (kind === 'mnt') {
    if (path === '') throw lacksValue(value, `mnt[${key}]:PATH`, 'host directory of that mount')
    externals.mapped.set(fromText(key), hostPath(path))
  } else if (kind === 'dev') {
    if (path === '') throw lacksValue(value, `dev[${key}]:/dev/NAME`, 'device on this host')
    externals.devices.set(fromText(key), hostPath(path))
  }
  // tty[], unix[], net[] and the others are of no use to a clean-up.
}

const write = (resource: string): string => `write --external ${shellQuote(resource)}`

const lacksValue = (value: string, resource: string, what: string): GcError =>
  usage(`--external ${value}: nothing is given for it`, {
    next: `${write(resource)}, with the ${what}`,
  })

/** CRIU takes such a value and never looks at it again. */
const notResource = (value: string): GcError => {
  const [, key, path] =
    /^mnt\[(.+?)\][=/ ]*(\/.*)$/s.exec(value) ?? /^(\/[^:[\]]*):(.+)$/s.exec(value) ?? []
  const resource = key === undefined ? 'mnt[KEY]:PATH' : `mnt[${key}]:${path}`
  return usage(`--external ${value}: not a resource, such as mnt[KEY]:PATH`, {
    next: write(resource),
  })
}

/**
 * What was removed for good: places in the container and keys, of which only a path can be written in
 * more than one way.
 * @throws GcError usage where the root is given all the same.
 */
export const parseGone = (names: readonly string[], hasRoot: boolean): Set<Bytes> => {
  const gone = new Set(
    names.map((name) => (name.startsWith('/') ? hostPath(name) : fromText(name))),
  )
  if (hasRoot && gone.has(ROOT))
    throw usage('the root is given with --root, and gone by --gone /', {
      next: 'leave out one of them',
    })
  return gone
}
