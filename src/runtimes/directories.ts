// The directories of this host that a container writes to, whatever images say: where links of it may be.
import { fromText } from '../bytes.js'
import { toText } from '../escape.js'
import type { Host } from '../host/host.js'
import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { Container, RootPlace } from './container.js'
import { lookAt, normal } from './destination.js'
import { isOfNoInterest } from './match.js'

/** Its root and what is mounted into it, each without links. */
export const directoriesOf = (sys: Sys, host: Host, { roots, mounts }: Container): string[] => {
  const find = (path: string, isIt: (path: string) => boolean = () => true): string | undefined =>
    lookAt(sys, host, fromText(path), (here) => {
      const fd = sys.tryOpenat(AT_FDCWD, here.path, O_PATH | O_DIRECTORY)
      if (fd < 0) return undefined
      sys.close(fd)
      const real = toText(here.path)
      return real !== undefined && isIt(real) ? real : undefined
    })
  const isMounted = (path: string): boolean =>
    host.mounts.some(({ mountpoint }) => mountpoint === fromText(path))
  const root = (place: RootPlace): string | undefined =>
    find(place.path, (path) => !place.isMountpoint || isMounted(path))
  const sources = mounts.filter((one) => !isOfNoInterest(normal(fromText(one.destination))))
  const found = [firstOf(roots, root), ...sources.map(({ source }) => find(source))]
  return [...new Set(found.filter((one) => one !== undefined))]
}

const firstOf = <T, R>(all: readonly T[], look: (one: T) => R | undefined): R | undefined => {
  for (const one of all) {
    const found = look(one)
    if (found !== undefined) return found
  }
  return undefined
}
