// Small texts of the kernel's own. As UTF-8 Node reads a file in one call; in another encoding it takes five, and half
// a millisecond the first time.
import fs from 'node:fs'

/** Of a file whose text is ASCII, or of which nothing else is looked at. @throws as readFileSync() */
export const kernelText = (path: string): string => fs.readFileSync(path, 'utf8')
