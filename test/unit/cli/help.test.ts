import { HELP } from '../../../src/cli/help.js'
import { OPTIONS } from '../../../src/cli/options.js'
import { EXIT } from '../../../src/errors.js'
import { test } from '../support/check.js'

test('help is one screen', (t) => {
  const lines = HELP.split('\n')
  t.equal(lines.at(-1), '', 'it ends with a newline')
  t.ok(lines.length - 1 <= 40, `${lines.length - 1} lines`)
  for (const line of lines) t.ok(line.length <= 80, `${line.length} columns: ${line}`)
})

test('it has every option that means something, and its letter', (t) => {
  for (const { long, short, kind } of OPTIONS) {
    if (kind !== 'used') continue
    t.match(HELP, new RegExp(`--${long}\\b`), long)
    if (short !== undefined) t.match(HELP, new RegExp(`-${short}\\b`), short)
  }
})

test('it has no option that there is not', (t) => {
  for (const [, name = ''] of HELP.matchAll(/(?<![\w-])--([a-z-]+)/g))
    t.ok(
      OPTIONS.some(({ long }) => long === name),
      name,
    )
})

test('it has every exit code', (t) => {
  for (const [name, code] of Object.entries(EXIT))
    t.match(HELP, new RegExp(`\\b${code}(\\+n)? ${name.replace('-', '.')}`), name)
})
