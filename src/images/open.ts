// What -D names: a directory with images, one above them as runtimes keep it, or an archive.
import fs from 'node:fs'
import { ImageArchive } from './archive.js'
import { USUAL } from './below.js'
import { ImageDirectory } from './directory.js'
import { isMissing } from './missing.js'
import type { ImageSource } from './source.js'

/** @throws GcError usage where there is none of these, bad-images where it cannot be read. */
export const openImages = (path: string): ImageSource => {
  if (isFile(path)) return new ImageArchive(path)
  const directory = new ImageDirectory(path)
  // Nearly always.
  if (!isMissing(`${path}/inventory.img`) || !isAbove(directory)) return directory
  const inner = openInner(`${path}/${USUAL}`)
  if (inner === undefined) return directory
  directory.close()
  return inner
}

const isFile = (path: string): boolean => {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    return false
  }
}

const hasImages = (directory: ImageDirectory): boolean =>
  directory.names().some((name) => name.endsWith('.img'))

/** It has no images, and what a runtime calls so. */
const isAbove = (directory: ImageDirectory): boolean =>
  directory.names().includes(USUAL) && !hasImages(directory)

/** No link is followed. */
const openInner = (path: string): ImageDirectory | undefined => {
  try {
    if (!fs.lstatSync(path).isDirectory()) return undefined
    const inner = new ImageDirectory(path)
    if (hasImages(inner)) return inner
    inner.close()
  } catch {
    // The other one tells what is wrong.
  }
  return undefined
}
