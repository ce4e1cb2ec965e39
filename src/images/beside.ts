// Other image directories beside one: where a runtime keeps several checkpoints of a container.
import fs from 'node:fs'
import path from 'node:path'

/** How many are looked at. */
const MOST = 64

/** Absolute paths of those with an inventory. */
export const wantedBeside = (directory: string): string[] => {
  const parent = path.dirname(directory)
  const own = path.basename(directory)
  return names(parent)
    .filter((name) => name !== own)
    .slice(0, MOST)
    .map((name) => path.join(parent, name))
    .filter((place) => isThere(path.join(place, 'inventory.img')))
}

const names = (directory: string): string[] => {
  try {
    return fs
      .readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

const isThere = (file: string): boolean =>
  fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() === true

/** Which directory it is, whatever it is called; undefined where it is not there. */
export const inodeOf = (directory: string): string | undefined => {
  const stat = fs.statSync(directory, { throwIfNoEntry: false, bigint: true })
  return stat && `${stat.dev}:${stat.ino}`
}
