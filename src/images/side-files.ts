// What CRIU writes besides images: logs and statistics. They are hints of anyone's making: read to a
// limit, never through a link, and a file that cannot be read is as none.
import { errorCode, usage } from '../errors.js'
import { readEnds, tryReadEnds, type FoundFile } from './side-file.js'
import type { ImageSource } from './source.js'

/** `named`: by the caller. `beside`: in the images' own directory, or the one above that runtimes use. */
export type Place = 'named' | 'work' | 'beside'

export interface SideFile extends FoundFile {
  readonly place: Place
}

/**
 * The files of that name in CRIU's work directory, if told, beside the images, and above a directory
 * `checkpoint`. One that is in two of these is there once.
 */
export const sideFiles = (
  images: ImageSource,
  name: string,
  workDir: string | undefined,
): SideFile[] => {
  const found = new Map<string, SideFile>()
  for (const file of images.beside(name)) add(found, file, 'beside')
  // An archive is no directory, where it is given for one.
  const work =
    workDir === undefined || (images.what === 'archive' && workDir === images.path)
      ? undefined
      : tryReadEnds(`${workDir}/${name}`)
  if (work !== undefined) add(found, work, 'work')
  // CRIU writes into its work directory, whatever lies beside the images.
  return [...found.values()].sort((a, b) => Number(b.place === 'work') - Number(a.place === 'work'))
}

const add = (found: Map<string, SideFile>, file: FoundFile, place: Place): void => {
  if (!found.has(file.id)) found.set(file.id, { ...file, place })
}

/** The file that the caller names. @throws GcError usage where it cannot be read. */
export const namedFile = (path: string, option: string): SideFile => {
  try {
    return { ...readEnds(path), place: 'named' }
  } catch (cause) {
    const code = errorCode(cause)
    throw usage(`the file of ${option} cannot be read (${code ?? String(cause)})`, {
      where: path,
      next: 'nothing was touched; name the log that CRIU wrote, or leave the option out',
      cause,
    })
  }
}
