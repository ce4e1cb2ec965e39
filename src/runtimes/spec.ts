// config.json of an OCI bundle: the root file system and the binds, by the rules of runc, crun and youki together.
import path from 'node:path'
import type { ConfiguredMount, Told } from './container.js'
import { list, object, parseFields, text, texts, type Fields } from './fields.js'
import { readTrusted } from './trusted.js'

export interface Spec {
  readonly root: Told | undefined
  readonly mounts: readonly ConfiguredMount[]
  /** A network namespace that is not its own: of a pod, or one that somebody made before. */
  readonly netns: Told | undefined
  readonly annotations: Fields
}

/** Of a bundle; undefined where it has none. @throws GcError refused. */
export const readSpec = (
  bundle: string,
  file = path.join(bundle, 'config.json'),
): Spec | undefined => {
  const json = readTrusted(file)
  return json === undefined ? undefined : parseSpec(json, bundle, file)
}

export const parseSpec = (json: string, bundle: string, file: string): Spec => {
  const config = parseFields(json, file)
  const root = text(object(config.root).path)
  return {
    root: root === undefined ? undefined : { path: path.resolve(bundle, root), from: file },
    mounts: list(config.mounts).flatMap((mount): ConfiguredMount[] => {
      const [source, destination] = [text(mount.source), text(mount.destination)]
      // runc also takes "type": "none" with the option, crun looks at the option alone.
      const isBind =
        mount.type === 'bind' ||
        texts(mount.options).some((option) => option === 'bind' || option === 'rbind')
      return isBind && source !== undefined && destination !== undefined
        ? [{ source: path.resolve(bundle, source), destination, from: file }]
        : []
    }),
    netns: netnsOf(list(object(config.linux).namespaces), file),
    annotations: object(config.annotations),
  }
}

const netnsOf = (namespaces: readonly Fields[], from: string): Told | undefined => {
  const place = text(namespaces.find(({ type }) => type === 'network')?.path)
  return place?.startsWith('/') === true ? { path: place, from } : undefined
}
