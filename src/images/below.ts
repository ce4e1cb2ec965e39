// The images of a directory that has none itself: below it, as runtimes keep them.
import fs from 'node:fs'

/** How podman, runc and CRI-O call it. */
export const USUAL = 'checkpoint'
/** Names of a directory that are looked at: a guess is not worth more. */
const FEW = 64

/** The name in `directory` of one that has images; undefined where there is none, or more than one. */
export const imagesBelow = (directory: string, names: readonly string[]): string | undefined => {
  const found = [USUAL, ...names.filter((name) => name !== USUAL).slice(0, FEW)].filter(
    (name) => names.includes(name) && hasInventory(`${directory}/${name}`),
  )
  return found[0] === USUAL || found.length === 1 ? found[0] : undefined
}

const hasInventory = (directory: string): boolean => {
  try {
    return (
      fs.lstatSync(directory).isDirectory() && fs.lstatSync(`${directory}/inventory.img`).isFile()
    )
  } catch {
    return false
  }
}
