// --bundle and --container: which container is asked for, and what its runtime says of where its images are.
import { usage } from '../errors.js'
import { commandLine, escapeText } from '../escape.js'
import type { Container } from '../runtimes/container.js'
import { imagesOfProcess } from '../runtimes/all.js'
import { findContainer, type Asked } from '../runtimes/find.js'
import { RUNTIME_NAMES } from '../runtimes/walk.js'
import type { Arguments } from './arguments.js'
import type { Located } from './located.js'

export interface AskedContainer extends Asked {
  /** Of several checkpoints, the name of the one. */
  readonly checkpoint: string | undefined
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
  const [bundle, id, runtime, runtimeRoot, checkpoint] = [
    value('bundle'),
    value('container'),
    value('runtime'),
    value('runtime-root'),
    value('checkpoint'),
  ]
  if (bundle !== undefined && id !== undefined)
    throw usage('both --bundle and --container', { next: 'leave out one of them' })
  const lonely = runtime !== undefined ? 'runtime' : runtimeRoot !== undefined && 'runtime-root'
  if (id === undefined && lonely !== false)
    throw usage(`--${lonely} without --container`, { next: 'say which container it is' })
  checkRuntime(runtime, runtimeRoot)
  if (bundle === undefined && id === undefined) {
    if (checkpoint === undefined) return undefined
    throw usage('--checkpoint without --container', { next: 'say whose it is' })
  }
  const images = last('images-dir')
  if (checkpoint !== undefined && images !== undefined && images.where === undefined)
    throw usage('both --checkpoint and --images-dir', { next: 'leave out one of them' })
  return {
    bundle: bundle === undefined ? undefined : fromHere(bundle),
    id,
    runtime,
    runtimeRoot: runtimeRoot === undefined ? undefined : fromHere(runtimeRoot),
    checkpoint,
    hasWorkDir: last('work-dir') !== undefined,
  }
}

/** @throws GcError usage. */
export const checkRuntime = (runtime: string | undefined, root: string | undefined): void => {
  if (runtime !== undefined && !RUNTIME_NAMES.includes(runtime))
    throw usage(`--runtime ${escapeText(runtime)} is not known`, {
      next: `write one of ${RUNTIME_NAMES.join(', ')}`,
    })
  if (root !== undefined && runtime === undefined)
    throw usage('--runtime-root without --runtime', { next: 'say whose it is' })
}

/** With the container that was asked for, and with its images. @throws GcError usage, refused. */
export const withContainer = (
  options: Arguments,
): Arguments & {
  readonly container: Container | undefined
  readonly keptByRuntime: () => readonly string[]
} => {
  const { asked, pid } = options
  if (asked === undefined) {
    const keptByRuntime = (): readonly string[] => (pid === undefined ? [] : imagesOfProcess(pid))
    return { ...options, container: undefined, keptByRuntime }
  }
  const container = findContainer({ ...asked, words: options.words })
  const imagesDir = imagesFor(container, asked, options)
  const workDir = asked.hasWorkDir
    ? options.workDir
    : (container.workDir ?? imagesDir ?? options.workDir)
  const keptByRuntime = (): readonly string[] => container.images.map(({ path }) => path)
  // Of images that are there it may be another dump's.
  const dumpLog = options.dumpLog ?? (imagesDir === undefined ? container.failedLog : undefined)
  return { ...options, container, imagesDir, workDir, dumpLog, keptByRuntime }
}

/** Undefined where there are none, and the container lives. */
const imagesFor = (
  container: Container,
  { checkpoint }: AskedContainer,
  { imagesDir, pid, words }: Arguments,
): string | undefined => {
  const { images } = container
  const [first, second] = images
  const commands = images.map(({ name }) =>
    commandLine(['criu-gc', ...words, '--checkpoint', name]),
  )
  if (checkpoint !== undefined) {
    const found = images.find(({ name }) => name === checkpoint)
    if (found !== undefined) return found.path
    throw usage(`this container has no checkpoint ${escapeText(checkpoint)}`, {
      where: container.home,
      next: `nothing was touched; there ${images.length === 1 ? 'is' : 'are'} ${images.map(({ name }) => escapeText(name)).join(', ') || 'none'}`,
    })
  }
  if (imagesDir !== undefined) return imagesDir
  if (second !== undefined)
    throw usage(`this container has ${images.length} checkpoints`, {
      next: `nothing was touched; say which: ${commands.join(' | ')}`,
    })
  if (first !== undefined || container.process !== undefined || pid !== undefined)
    return first?.path
  throw usage('no images of a checkpoint of this container are where its runtime has them', {
    where: container.home,
    next: `nothing was touched; say where they are: ${commandLine(['criu-gc', ...words, '-D', 'IMAGES'])}`,
  })
}
