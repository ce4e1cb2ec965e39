// Where runc, crun and youki note their containers, one folder each. All of it goes with the container, also when a
// checkpoint ended it.
import path from 'node:path'
import { orRefused } from '../errors.js'
import type { ConfiguredMount, FirstProcess, RootPlace } from './container.js'
import { list, number, object, parseFields, text, texts, type Fields } from './fields.js'
import { inCgroup, startedAt } from './process.js'
import { namesIn, readTrusted, realPath } from './trusted.js'

export interface State {
  readonly id: string
  readonly bundle: string | undefined
  readonly root: RootPlace | undefined
  /** Undefined where the configuration is to be read in the bundle. */
  readonly mounts: readonly ConfiguredMount[] | undefined
  readonly process: FirstProcess | undefined
}

/** How one of them writes it. */
export interface StateForm {
  /** In the container's folder. */
  readonly file: string
  readonly parse: (fields: Fields, id: string, file: string) => State
}

const plain = (place: string | undefined, from: string): RootPlace | undefined =>
  place === undefined ? undefined : { path: place, from, isMountpoint: false }

export const RUNC: StateForm = {
  file: 'state.json',
  parse: (fields, id, from) => {
    const config = object(fields.config)
    const label = texts(config.labels).find((one) => one.startsWith('bundle='))
    return {
      id,
      bundle: label?.slice('bundle='.length),
      root: plain(text(config.rootfs), from),
      mounts: list(config.mounts).flatMap(({ device, source, destination }) => {
        const [at, to] = [text(source), text(destination)]
        return device === 'bind' && at?.startsWith('/') === true && to !== undefined
          ? [{ source: at, destination: to, from }]
          : []
      }),
      process: startedAt(number(fields.init_process_pid), number(fields.init_process_start), from),
    }
  },
}

export const CRUN: StateForm = {
  file: 'status',
  parse: (fields, id, from) => {
    const [bundle, rootfs] = [text(fields.bundle), text(fields.rootfs)]
    return {
      id,
      bundle,
      root: plain(
        bundle === undefined || rootfs === undefined ? undefined : path.resolve(bundle, rootfs),
        from,
      ),
      mounts: undefined,
      process: startedAt(number(fields.pid), number(fields['process-start-time']), from),
    }
  },
}

export const YOUKI: StateForm = {
  file: 'state.json',
  parse: (fields, id, from) => ({
    id,
    bundle: text(fields.bundle),
    root: undefined,
    mounts: undefined,
    process: inCgroup(number(fields.pid), id, from),
  }),
}

/** An id is one name of a folder, whatever it was typed as. */
export const isName = (id: string): boolean => id !== '' && !/[/\0]/.test(id) && !/^\.\.?$/.test(id)

/** Undefined where that container is not there. @throws GcError refused. */
export const readState = (form: StateForm, place: string, id: string): State | undefined => {
  if (!isName(id)) return undefined
  const file = path.join(place, id, form.file)
  const json = readTrusted(file)
  return json === undefined ? undefined : form.parse(parseFields(json, file), id, file)
}

/** Where they are, for themselves and below engines. */
export const STATES: readonly (readonly [StateForm, string])[] = [
  [RUNC, '/run/runc'],
  [CRUN, '/run/crun'],
  [YOUKI, '/run/youki'],
  [RUNC, '/run/docker/runtime-runc/moby'],
  [CRUN, '/run/docker/runtime-crun/moby'],
]

/** That of a bundle: by the names that engines give first, then by a look at all. @throws GcError refused. */
export const stateOfBundle = (
  bundle: string,
  names: readonly string[],
  states: typeof STATES = statesHere(),
): State | undefined => {
  const named = stateByName(bundle, names, states)
  if (named !== undefined) return named
  const isIt = isOf(bundle)
  for (const [form, place] of states)
    for (const id of namesIn(place)) {
      const state = tryState(form, place, id)
      if (isIt(state)) return state
    }
  return undefined
}

/** The same by these names alone, where there are very many bundles. @throws GcError refused. */
export const stateByName = (
  bundle: string,
  names: readonly string[],
  states: typeof STATES = statesHere(),
): State | undefined => {
  const isIt = isOf(bundle)
  for (const [form, place] of states)
    for (const id of names) {
      const state = readState(form, place, id)
      if (isIt(state)) return state
    }
  return undefined
}

const isOf = (bundle: string): ((state: State | undefined) => boolean) => {
  const real = realPath(bundle)
  return (state) => state?.bundle !== undefined && realPath(state.bundle) === real
}

/** One that is not to be believed is another container's, and no reason to end. */
const tryState: typeof readState = (form, place, id) =>
  orRefused(
    () => readState(form, place, id),
    () => undefined,
  )

const CONTAINERD = '/run/containerd/runc'

const statesHere = (): typeof STATES => [
  ...STATES,
  ...namesIn(CONTAINERD).map((namespace) => [RUNC, path.join(CONTAINERD, namespace)] as const),
]
