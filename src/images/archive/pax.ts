// What a header of pax says of the entry that follows: records "LENGTH KEY=VALUE\n". A value may be any bytes, such as
// an attribute of a file that a container wrote: only the lengths tell where a record ends.
import type { Time } from '../../time.js'

export interface Said {
  readonly name: string | undefined
  /** In words of the header: digits, if it is a size. */
  readonly size: string | undefined
  readonly mtime: Time | undefined
  readonly isSparse: boolean
}

/** Of the length of one, as it stands there. */
const DIGITS = 8
const SPACE = 0x20
const NEWLINE = 0x0a

/** Undefined for what has a record that is none. */
export const readPax = (data: Buffer): Said | undefined => {
  const values = new Map<string, string>()
  let isSparse = false
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(SPACE, at)
    const digits = data.toString('latin1', at, Math.min(Math.max(space, at), at + DIGITS + 1))
    const end = at + (/^\d{1,8}$/.test(digits) ? Number(digits) : 0)
    const equals = data.indexOf('=', space)
    if (end > data.length || equals < 0 || equals >= end || data[end - 1] !== NEWLINE)
      return undefined
    const key = data.toString('latin1', space + 1, equals)
    isSparse ||= key.startsWith('GNU.sparse.')
    if (WANTED.has(key)) values.set(key, data.toString('utf8', equals + 1, end - 1))
    at = end
  }
  return {
    name: values.get('GNU.sparse.name') ?? values.get('path'),
    size: values.get('size'),
    mtime: timeOf(values.get('mtime')),
    isSparse,
  }
}

const WANTED = new Set(['path', 'size', 'mtime', 'GNU.sparse.name'])

/** To the nanosecond, which no Date keeps. */
const timeOf = (text = ''): Time | undefined => {
  const [, sec, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text) ?? []
  return sec === undefined ? undefined : { sec: Number(sec), nsec: Number(fraction.padEnd(9, '0')) }
}
