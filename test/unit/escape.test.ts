import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { fromBuffer, type Bytes } from '../../src/bytes.js'
import { escape, escapeText, shellQuote, toText } from '../../src/escape.js'
import { test } from './support/check.js'
import { holds } from './support/property.js'
import { b } from './support/model.js'
import { bytes } from './report/build.js'

test('plain names are themselves', (t) => {
  const plain = '/dev/shm/link_remap.6 ~!@#$%^&*()[]{}<>?;:\'"`|+=-_,.'
  t.equal(escape(b(plain)), plain)
  t.equal(escape(b('')), '')
})

test('letters of any script are themselves', (t) => {
  for (const name of ['é', 'ß', '日本語', 'Ελλάδα', 'עברית', '😀', 'a\u0301'])
    t.equal(escape(b(name)), name)
})

test('controls', (t) => {
  t.equal(escape(b('a\nb\rc\td')), 'a\\nb\\rc\\td')
  t.equal(escape(b('\x00\x07\x1b\x7f')), '\\x00\\x07\\x1b\\x7f')
  t.equal(escape(b('\u0085\u009b')), '\\xc2\\x85\\xc2\\x9b', 'also those of eight bits')
})

test('a backslash', (t) => {
  t.equal(escape(b('a\\nb')), 'a\\\\nb')
  t.equal(escape(b('\\')), '\\\\')
})

test('what is not UTF-8, byte by byte', (t) => {
  t.equal(escape(bytes(0x61, 0xff, 0x0a, 0x5c)), 'a\\xff\\n\\\\')
  t.equal(escape(bytes(0xc3)), '\\xc3', 'cut')
  t.equal(escape(bytes(0xc0, 0xaf)), '\\xc0\\xaf', 'overlong')
  t.equal(escape(bytes(0xed, 0xa0, 0x80)), '\\xed\\xa0\\x80', 'half of a surrogate')
  t.equal(escape(bytes(0xf4, 0x90, 0x80, 0x80)), '\\xf4\\x90\\x80\\x80', 'beyond the last')
  t.equal(escape(bytes(0xc3, 0xa9, 0xff)), '\\xc3\\xa9\\xff', 'then nothing is taken for a letter')
})

test('what steers, hides or reorders', (t) => {
  const unsafe = {
    'right-to-left override': '\u202e',
    'left-to-right embedding': '\u202a',
    'isolate': '\u2066',
    'right-to-left mark': '\u200f',
    'zero-width space': '\u200b',
    'zero-width joiner': '\u200d',
    'byte order mark': '\ufeff',
    'soft hyphen': '\u00ad',
    'line separator': '\u2028',
    'paragraph separator': '\u2029',
    'private use': '\ue000',
    'not a character': '\ufffe',
    'a tag': '\u{e0041}',
  } // prettier-ignore
  for (const [name, char] of Object.entries(unsafe))
    t.match(escape(b(`a${char}b`)), /^a(\\x[0-9a-f]{2})+b$/, name)
})

test('text is escaped likewise', (t) => {
  t.equal(escapeText('a\n\x1b\\\u202eé'), 'a\\n\\x1b\\\\\\xe2\\x80\\xaeé')
  t.equal(escapeText('\ud800'), '\\xef\\xbf\\xbd', 'half of a surrogate has no bytes')
})

test('the text of a name, if it is one', (t) => {
  t.equal(toText(b('é\n')), 'é\n')
  t.equal(toText(b('\ufeffx')), '\ufeffx', 'with its byte order mark')
  t.equal(toText(bytes(0xff)), undefined)
})

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((data) => fromBuffer(Buffer.from(data))),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => b(text)),
  // Names that look like escapes of other names.
  fc
    .array(fc.constantFrom('\\', 'x', 'f', '0', 'n', '\n', '\xff', '\xc3', '\xa9'), {
      maxLength: 8,
    })
    .map((chars) => chars.join('') as Bytes),
)

/** Reads an escaped name back. */
const unescape = (text: string): Buffer => {
  const named = new Map(Object.entries({ '\\\\': '\\', '\\n': '\n', '\\r': '\r', '\\t': '\t' }))
  const parts = text.match(/\\x[0-9a-f]{2}|\\.|[^\\]+/gs) ?? []
  return Buffer.concat(
    parts.map((part) =>
      part.startsWith('\\x')
        ? Buffer.from(part.slice(2), 'hex')
        : Buffer.from(named.get(part) ?? part, 'utf8'),
    ),
  )
}

test('whatever bytes a name has', (t) => {
  holds(
    t,
    'one line, and nothing that a terminal acts on',
    fc.property(anyBytes, (name) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(escape(name))),
    1500,
  )
  holds(
    t,
    'the bytes can be read back: no two names look the same',
    fc.property(anyBytes, (name) => unescape(escape(name)).equals(Buffer.from(name, 'latin1'))),
    1500,
  )
})

test('one word for a shell', (t) => {
  for (const text of ['mnt[k]:/a b', "it's", "'", "''", 'a\\b', '$HOME `x` "y"', '']) {
    const printed = execFileSync('sh', ['-c', `printf %s ${shellQuote(text)}`], {
      encoding: 'utf8',
    })
    t.equal(printed, text)
  }
})
