// Options that fit nothing in the dump: a slip of the pen is said, before somebody looks for another cause.
import type { Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import type { Externals } from '../plan/external.js'
import type { Report } from './report.js'

/** A container has some external mounts of its runtime, such as /etc/hosts, beside its volumes. */
const MANY = 20

/**
 * A key in the options that no mount of the dump has, where one of its own lacks its option. Without
 * such a one it is no mistake: pasted options of CRIU may have more keys than are needed.
 */
export const unknownKeys = (
  { checkpoint: { namespaces } }: Report,
  { mapped }: Pick<Externals, 'mapped'>,
): string[] => {
  if (mapped.size === 0) return []
  const marks = namespaces.flatMap(({ mounts }) =>
    mounts.flatMap(({ external, mountpoint }) =>
      external === undefined ? [] : [{ ...external, mountpoint }],
    ),
  )
  const keys = new Set(marks.flatMap(({ kind, key }) => (kind === 'mapped' ? [key] : [])))
  // What CRIU found by itself goes by its place.
  const known = new Set(
    marks.map(({ kind, key, mountpoint }) => (kind === 'auto' ? mountpoint : key)),
  )
  const wanted = [...keys].filter((key) => !mapped.has(key))
  if (wanted.length === 0) return []
  // One that lacks its option is what was meant.
  const shown = listed([...wanted, ...[...keys].filter((key) => mapped.has(key))])
  return [...mapped.keys()]
    .filter((key) => !known.has(key))
    .map((key) => `no external mount of the dump is called ${escape(key)} (there are: ${shown})`)
}

/** Places and keys of --gone that no mount of the dump has. */
export const unknownGone = (
  { checkpoint: { namespaces, tree }, remaps }: Pick<Report, 'checkpoint' | 'remaps'>,
  gone: ReadonlySet<Bytes>,
): string[] => {
  if (gone.size === 0) return []
  const mounts = namespaces.flatMap((namespace) => namespace.mounts)
  if (tree === 'host')
    return [...gone].map((name) => `--gone ${escape(name)}: this tree had no mounts of its own`)
  // Without images of mounts the options themselves say where they were.
  if (mounts.length === 0) return []
  const known = new Set(
    mounts.flatMap(({ mountpoint, external }) =>
      external === undefined ? [mountpoint] : [mountpoint, external.key],
    ),
  )
  const places = remaps.flatMap(({ planned }) => planned.mount?.mountpoint ?? [])
  return [...gone]
    .filter((name) => !known.has(name))
    .map(
      (name) =>
        `--gone ${escape(name)}: the dump has no mount there or of that name (links are on: ${listed([...new Set(places)])})`,
    )
}

const listed = (names: readonly Bytes[]): string => {
  const all = names.map((name) => escape(name))
  const shown = all.length > MANY ? [...all.slice(0, MANY), `${all.length - MANY} more`] : all
  return shown.join(', ')
}
