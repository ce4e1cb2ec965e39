// Names and texts of errno values. Node's own map lacks some (ESTALE, EDQUOT), os.constants has them.
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Second names of numbers that have two: the kernel's sources use the first. */
const ALIASES = new Set(['EWOULDBLOCK', 'ENOTSUP'])

/** Made for the first error: most runs have none. */
let names: ReadonlyMap<number, string> | undefined

const readNames = (): ReadonlyMap<number, string> =>
  new Map(
    Object.entries(constants.errno)
      .filter(([name]) => !ALIASES.has(name))
      .map(([name, value]) => [value, name]),
  )

/** `errno` positive, as in errno(3). */
export const errnoName = (errno: number): string =>
  (names ??= readNames()).get(errno) ?? `E${errno}`

export const errnoText = (errno: number): string | undefined => getSystemErrorMap().get(-errno)?.[1]
