// The caller's external mappings, in CRIU's own syntax. Only these name host directories; an image
// names keys.
import { resolve } from 'node:path'
import { fromText, type Bytes } from '../bytes.js'
import { usage } from '../errors.js'

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
}

/** Absolute, and without a slash at its end, which would follow a symbolic link. */
const hostPath = (path: string): Bytes => fromText(resolve(path))

const BRACKETS = /^(mnt|dev)\[(.*?)\](?::(.*))?$/s

/** @throws GcError usage for a value that CRIU refuses too. */
export const parseExternals = (options: readonly ExternalOption[]): Externals => {
  const mapped = new Map<Bytes, Bytes>()
  const devices = new Map<Bytes, Bytes>()
  let auto = false
  for (const { option, value } of options) {
    if (option === 'ext-mount-map') {
      if (value === 'auto') auto = true
      else {
        const colon = value.indexOf(':')
        if (colon < 1)
          throw usage(`-M ${value}: neither KEY:PATH nor "auto"`, {
            next: "write -M KEY:PATH, or --external 'mnt[KEY]:PATH'",
          })
        mapped.set(fromText(value.slice(0, colon)), hostPath(value.slice(colon + 1)))
      }
      continue
    }
    // tty[], unix[], net[] and the others are of no use to a clean-up.
    const [, kind, key, path] = BRACKETS.exec(value) ?? []
    if (kind === undefined || key === undefined) continue
    if (kind === 'mnt' && key === '') {
      if (path !== undefined && path !== '' && !/^[ms]/.test(path))
        throw usage(`--external ${value}: only "m" or "s" may follow mnt[]:`)
      auto = true
    } else if (path !== undefined && path !== '')
      (kind === 'mnt' ? mapped : devices).set(fromText(key), hostPath(path))
  }
  return { mapped, devices, auto }
}
