import { glance, parseArguments, type Arguments } from '../../../src/cli/arguments.js'
import { refuses, test } from '../support/check.js'

const parse = (...argv: readonly string[]): Arguments =>
  parseArguments(['--no-default-config', ...argv], {})

test('what list takes', (t) => {
  t.match(parse('list', '--json'), {
    command: 'list',
    imagesDir: undefined,
    asked: undefined,
    json: true,
    list: { runtime: undefined, runtimeRoot: undefined, olderThan: undefined, keepLast: 0 },
  })
  t.match(
    parse(
      ...['list', '--runtime', 'podman', '--runtime-root', '/g'],
      ...['--older-than', '@10', '--keep-last', '2'],
    ).list,
    { runtime: 'podman', runtimeRoot: '/g', olderThan: { sec: 10, nsec: 0 }, keepLast: 2 },
  )
  t.equal(parse('show').list, undefined)
  t.equal(glance(['list', '--pid']).command, 'list')
})

test('show and clean of all that is given up', (t) => {
  t.match(parse('clean', '--all', '--older-than', '@10', '--accept', 'gone'), {
    command: 'clean',
    imagesDir: undefined,
    list: { olderThan: { sec: 10 } },
  })
})

test('what is wrong with list and --all', (t) => {
  for (const [argv, message] of [
    [['clean', '--all'], /--all without --older-than/],
    [['list', '--keep-last', '2'], /--keep-last without --older-than/],
    [['clean', '--older-than', '7d'], /--older-than is for list/],
    [['clean', '--keep-last', '1'], /--keep-last is for list/],
    [['clean', '--all', '--older-than', '7d', '-D', '/i'], /--images-dir means nothing to --all/],
    [['list', '--pid', '5'], /--pid means nothing to list/],
    [['list', '--container', 'c'], /--container means nothing to list/],
    [['list', '--runtime', 'nobody'], /nobody is not known/],
    [['list', '--runtime-root', '/r'], /without --runtime/],
    [['list', '--older-than', 'yesterday'], /--older-than yesterday is no time/],
    [['list', '--older-than', '7d', '--keep-last', 'x'], /--keep-last x: how many/],
    [['scan', '/a', '--all'], /means nothing to scan/],
    [['list', 'more'], /one word too many/],
  ] as const)
    refuses(t, () => parse(...argv), 'usage', message)
})
