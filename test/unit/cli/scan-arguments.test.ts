import path from 'node:path'
import { glance, parseArguments, type Arguments } from '../../../src/cli/arguments.js'
import { refuses, test } from '../support/check.js'

const parse = (...argv: readonly string[]): Arguments =>
  parseArguments(['--no-default-config', ...argv], {})

test('what scan takes', (t) => {
  const all = parse(
    ...['scan', '/a', 'b', '--images', '/i', '-D', '/j', '--keep', '/k', '--remove'],
    ...['--since', '@10', '--until', '@20.5', '--accept', 'unseen', '--max-remaps', '7', '--json'],
  )
  t.match(all, {
    command: 'scan',
    imagesDir: undefined,
    keep: ['/k'],
    since: { sec: 10, nsec: 0 },
    maxRemaps: 7,
    json: true,
    scan: {
      directories: ['/a', path.resolve('b')],
      images: ['/i', '/j'],
      remove: true,
      until: { sec: 20, nsec: 500_000_000 },
    },
  })
  t.ok(all.accept.has('unseen'))
  t.equal(parse('show').scan, undefined)
  t.match(parse('scan', '/a').scan, { images: [], remove: false, until: undefined })
  t.equal(glance(['scan', '/a', '--pid']).command, 'scan')
})

test('images of a configuration file are those of a dump', (t) => {
  const file = path.join(
    t.testdir({ 'x.conf': 'images-dir /elsewhere\nroot /r\nremove\n' }),
    'x.conf',
  )
  const all = parseArguments(['scan', '/a', '--no-default-config'], { CRIU_CONFIG_FILE: file })
  t.strictSame(all.scan?.images, [])
  t.equal(all.scan?.remove, false)
})

test('what does not go together', (t) => {
  for (const [argv, message] of [
    [['scan'], /no directory/],
    [['scan', ''], /empty/],
    [['scan', '/a', '--remove'], /--remove without --since/],
    [['scan', '/a', '--until', '1h'], /--until without --since/],
    [['scan', '/a', '--since', '@20', '--until', '@10'], /before --since/],
    [['scan', '/a', '--since', '@20', '--until', 'never'], /--until never is no time/],
    [['scan', '/a', '--root', '/r'], /--root means nothing to scan/],
    [['scan', '/a', '--pid', '7'], /--pid means nothing to scan/],
    [['scan', '/a', '--gone', '/'], /--gone means nothing to scan/],
    [['show', '--remove'], /--remove is for scan/],
    [['clean', '--until', '1h'], /--until is for scan/],
    [['show', '/a'], /one word too many/],
  ] as const)
    refuses(t, () => parse(...argv), 'usage', message)
})
