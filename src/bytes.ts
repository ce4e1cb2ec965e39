// Names in images and file systems are bytes, not text. Inside the program such a name is a string
// with one char a byte (latin1): it compares, slices and hashes like any string and still goes back
// to the kernel exactly. Only `report/` turns it into something to read.

declare const brand: unique symbol
export type Bytes = string & { readonly [brand]: 'one char a byte' }

/** The bytes from `start` to `end`. */
export const fromBuffer = (buffer: Buffer, start?: number, end?: number): Bytes =>
  buffer.toString('latin1', start, end) as Bytes

export const fromText = (text: string): Bytes => fromBuffer(Buffer.from(text, 'utf8'))

export const toBuffer = (bytes: Bytes): Buffer => Buffer.from(bytes, 'latin1')

/** `a` then `b`, both already bytes. */
export const concat = (...parts: readonly string[]): Bytes => parts.join('') as Bytes

/** The part of `bytes` from `start`; a slice of bytes is bytes. */
export const slice = (bytes: Bytes, start: number, end?: number): Bytes =>
  bytes.slice(start, end) as Bytes

/** Blank, tab, newline and backslash are written in mount tables as a backslash and three octal digits. */
export const unescapeOctal = (field: string): Bytes =>
  // Nearly none has any.
  (field.includes('\\')
    ? field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    : field) as Bytes
