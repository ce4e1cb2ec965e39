// A container by its bundle: what runc, crun and youki keep of it when it has ended.
import path from 'node:path'
import type { Container, KnownImages, RootPlace } from './container.js'
import { readSpec, type Spec } from './spec.js'
import { stateOfBundle, type State } from './state.js'
import { isDirectory, realPath } from './trusted.js'

export interface Keeping {
  readonly runtime: string
  readonly id: string | undefined
  readonly state: State | undefined
  readonly spec: Spec | undefined
  /** In the place of that of the configuration. */
  readonly roots?: readonly RootPlace[]
  readonly images?: readonly KnownImages[]
  readonly name?: string | undefined
  readonly workDir?: string
}

/** The bundle's folder first, as the runtime does with a relative path. */
export const containerIn = (bundle: string, keeping: Keeping): Container => {
  const { runtime, id, name, state, spec, roots, images, workDir } = keeping
  const fromSpec = spec?.root && { ...spec.root, isMountpoint: false }
  const plain = [state?.root ?? fromSpec].filter((one) => one !== undefined)
  return {
    runtime,
    id,
    name,
    home: realPath(bundle),
    roots: roots ?? plain,
    mounts: state?.mounts ?? spec?.mounts ?? [],
    process: state?.process,
    images: images ?? imagesIn(bundle),
    workDir,
    netns: spec?.netns,
  }
}

/** Runtimes write there when they are started in the bundle and told nothing else. */
export const imagesIn = (folder: string): KnownImages[] => imagesNamed(folder, ['checkpoint'])

/** Those of these folders that are there. */
export const imagesNamed = (folder: string, names: readonly string[]): KnownImages[] =>
  names.flatMap((name) => {
    const place = path.join(folder, name)
    return isDirectory(place) ? [{ path: place, from: folder, name }] : []
  })

/** Undefined where it has no config.json. @throws GcError refused. */
export const plainBundle = (bundle: string): Container | undefined => {
  const spec = readSpec(bundle)
  if (spec === undefined) return undefined
  const state = stateOfBundle(bundle, [path.basename(bundle)])
  return containerIn(bundle, { runtime: 'oci', id: state?.id, state, spec })
}
