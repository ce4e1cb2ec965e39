// What preload.c counts in a file that every process of a variant maps.
import fs from 'node:fs'
import { join } from 'node:path'

const BYTES = 8

export interface Counts {
  /** processes that had the sanitizers loaded before the command began */
  readonly started: number
  /** those that a sanitizer ended */
  readonly reports: number
}

export const countsFile = (variant: string): string => join(variant, 'counts')

export const clearCounts = (variant: string): void => {
  fs.writeFileSync(countsFile(variant), Buffer.alloc(BYTES))
  // One of the tests runs the command as nobody.
  fs.chmodSync(countsFile(variant), 0o666)
}

export const readCounts = (variant: string): Counts => {
  const data = new DataView(new Uint8Array(fs.readFileSync(countsFile(variant))).buffer)
  return { started: data.getUint32(0, true), reports: data.getUint32(4, true) }
}
