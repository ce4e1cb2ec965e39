// Small texts of the kernel's own. As UTF-8 Node reads a file in one call; in another encoding it takes five, and half
// a millisecond the first time.
import fs from 'node:fs'
import { fromBuffer, type Bytes } from '../bytes.js'

/** Of a file whose text is ASCII, or of which nothing else is looked at. @throws as readFileSync() */
export const kernelText = (path: string): string => fs.readFileSync(path, 'utf8')

/** The same of one in which names may stand: whatever their bytes are. @throws as readFileSync() */
export const kernelBytes = (path: string): Bytes => {
  const text = kernelText(path)
  return isAscii(text) ? (text as Bytes) : fromBuffer(fs.readFileSync(path))
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)
