// Tar archives, good ones and such as nobody writes.
const BLOCK = 512

export interface EntrySpec {
  readonly name: string
  readonly data?: Buffer | string
  /** Of the header; "0" is a regular file. */
  readonly type?: string
  /** In seconds; a fraction needs a header of pax. */
  readonly mtime?: number | string
  /** In the place of that of the data, as its field is. */
  readonly size?: string | Buffer
  readonly link?: string
  /** Changes the header before its sum is made. */
  readonly change?: (header: Buffer) => void
}

const octal = (value: number, length: number): string =>
  value.toString(8).padStart(length - 1, '0') + '\0'

const padded = (data: Buffer): Buffer =>
  Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)])

const header = (spec: EntrySpec, size: number): Buffer => {
  const { name, type = '0', mtime = 0, link = '' } = spec
  const block = Buffer.alloc(BLOCK)
  block.write(name.slice(0, 100), 0, 'latin1')
  block.write(octal(0o600, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  const field = spec.size ?? octal(size, 12)
  if (typeof field === 'string') block.write(field, 124, 12, 'latin1')
  else field.copy(block, 124)
  block.write(octal(Math.floor(Number(mtime)), 12), 136)
  block.write(type, 156, 'latin1')
  block.write(link.slice(0, 100), 157, 'latin1')
  block.write('ustar\0' + '00', 257, 'latin1')
  spec.change?.(block)
  block.fill(' ', 148, 156)
  block.write(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      8,
    ),
    148,
  )
  return block
}

export const entry = (spec: EntrySpec): Buffer => {
  const data = Buffer.from(spec.data ?? '')
  return Buffer.concat([header(spec, data.length), padded(data)])
}

/** A header of pax with these records. */
export const pax = (records: Readonly<Record<string, string>>, type = 'x'): Buffer =>
  entry({
    name: 'PaxHeaders/x',
    type,
    data: Object.entries(records)
      .map(([key, value]) => {
        const rest = ` ${key}=${value}\n`
        let length = rest.length
        while (`${length}${rest}`.length !== length) length += 1
        return `${length}${rest}`
      })
      .join(''),
  })

/** What GNU tar puts before one with a long name. */
export const longName = (name: string): Buffer =>
  entry({ name: '././@LongLink', type: 'L', data: `${name}\0` })

export const END = Buffer.alloc(2 * BLOCK)

export const tar = (...entries: readonly (EntrySpec | Buffer)[]): Buffer =>
  Buffer.concat([...entries.map((one) => (Buffer.isBuffer(one) ? one : entry(one))), END])
