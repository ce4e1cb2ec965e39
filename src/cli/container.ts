// --bundle and --container: which container is asked for, and what its runtime says of where its images are.
import { usage } from '../errors.js'
import { escapeText, shellQuote } from '../escape.js'
import type { Container } from '../runtimes/container.js'
import { findContainer, RUNTIME_NAMES, type Asked } from '../runtimes/find.js'
import type { Arguments } from './arguments.js'
import type { Located } from './located.js'

export interface AskedContainer extends Asked {
  /** The caller said where CRIU's logs are. */
  readonly hasWorkDir: boolean
}

/** Undefined where none is asked for. @throws GcError usage. */
export const askedContainer = (
  last: (name: string) => Located | undefined,
  fromHere: (value: string) => string,
): AskedContainer | undefined => {
  const value = (name: string): string | undefined => {
    const given = last(name)?.value
    if (given === '')
      throw usage(`--${name} is empty`, { next: 'give a value, or leave the option out' })
    return given
  }
  const [bundle, id, runtime, runtimeRoot] = [
    value('bundle'),
    value('container'),
    value('runtime'),
    value('runtime-root'),
  ]
  if (bundle !== undefined && id !== undefined)
    throw usage('both --bundle and --container', { next: 'leave out one of them' })
  const lonely = runtime !== undefined ? 'runtime' : runtimeRoot !== undefined && 'runtime-root'
  if (id === undefined && lonely !== false)
    throw usage(`--${lonely} without --container`, { next: 'say which container it is' })
  if (runtime !== undefined && !RUNTIME_NAMES.includes(runtime))
    throw usage(`--runtime ${escapeText(runtime)} is not known`, {
      next: `write one of ${RUNTIME_NAMES.join(', ')}`,
    })
  if (runtimeRoot !== undefined && runtime === undefined)
    throw usage('--runtime-root without --runtime', { next: 'say whose it is' })
  if (bundle === undefined && id === undefined) return undefined
  return {
    bundle: bundle === undefined ? undefined : fromHere(bundle),
    id,
    runtime,
    runtimeRoot: runtimeRoot === undefined ? undefined : fromHere(runtimeRoot),
    hasWorkDir: last('work-dir') !== undefined,
  }
}

/** With the container that was asked for, and with its images. @throws GcError usage, refused. */
export const withContainer = (
  options: Arguments,
): Arguments & { readonly container: Container | undefined } => {
  const { asked } = options
  if (asked === undefined) return { ...options, container: undefined }
  const container = findContainer(asked)
  const imagesDir = options.imagesDir ?? imagesOf(container, options)
  const workDir = asked.hasWorkDir
    ? options.workDir
    : (container.workDir ?? imagesDir ?? options.workDir)
  return { ...options, container, imagesDir, workDir }
}

/** Undefined where there are none, and the container lives. */
const imagesOf = (container: Container, { pid }: Arguments): string | undefined => {
  const [first, second] = container.images
  if (second !== undefined)
    throw usage(`this container has ${container.images.length} checkpoints`, {
      next: `nothing was touched; say which: ${container.images
        .map(({ path }) => `-D ${shellQuote(path)}`)
        .join(', ')}`,
    })
  if (first !== undefined || container.process !== undefined || pid !== undefined)
    return first?.path
  throw usage('no images of a checkpoint of this container are where its runtime has them', {
    where: container.home,
    next: 'nothing was touched; say where they are with -D',
  })
}
