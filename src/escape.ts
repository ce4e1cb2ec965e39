// Names for people: whatever bytes they have, they stay on their line and say nothing to a terminal.
import { toBuffer, type Bytes } from './bytes.js'

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/

const NAMED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

const hex = (char: string): string =>
  [...Buffer.from(char, 'utf8')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

/** Letters of any script may be shown; whatever steers, hides or reorders may not. */
const escapeUnsafe = (text: string): string =>
  text.replace(/[\\\p{C}\p{Zl}\p{Zp}]/gu, (char) => NAMED[char] ?? hex(char))

let decoder: InstanceType<typeof TextDecoder> | undefined

/** The name as text, or undefined where its bytes are not UTF-8. */
export const toText = (bytes: Bytes): string | undefined => {
  if (PLAIN.test(bytes)) return bytes
  // Most runs meet no such name, and to make a decoder takes time.
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(toBuffer(bytes))
  } catch {
    return undefined
  }
}

/** One line of printable text: \\, \n, \t, \xNN (a byte) for anything else. */
export const escape = (bytes: Bytes): string => {
  if (PLAIN.test(bytes)) return bytes
  const text = toText(bytes)
  if (text !== undefined) return escapeText(text)
  return bytes.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => NAMED[char] ?? hexByte(char))
}

/** The same for what is text already, such as a message with somebody's name in it. */
export const escapeText = (text: string): string =>
  // To ask for classes of characters takes a quarter of a millisecond the first time: most runs need not.
  PLAIN.test(text) ? text : escapeUnsafe(text)

/** A command line of these words; quotes only where a shell needs them. */
export const commandLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : shellQuote(word))).join(' ')

/** One word for a shell. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const hexByte = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
