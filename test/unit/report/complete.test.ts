import { completeCommand } from '../../../src/report/complete.js'
import type { MissingOption } from '../../../src/plan/planned.js'
import { test } from '../support/check.js'
import { remap } from '../support/model.js'
import { OUTCOMES, reported } from './build.js'

const kept = (id: number, option?: MissingOption) => ({
  planned: {
    remap: remap(id, '/var'),
    kind: 'kept',
    reason: 'unreachable',
    mount: undefined,
    message: 'why',
    next: 'what',
    ...(option === undefined ? {} : { option }),
  } as const,
  outcome: OUTCOMES.kept,
})

test('the options that lack, each once, behind those that were given', (t) => {
  const remaps = [
    kept(4, ['--root', '/srv/root fs']),
    kept(6, ['--root', '/srv/root fs']),
    kept(8, ['--external', "mnt[it's]:/v"]),
    kept(10),
    reported(OUTCOMES.removed),
  ]
  t.strictSame(completeCommand({ remaps }, ['show', '-D', '/a b', '--', 'x']), {
    kind: 'unmoved',
    line: "criu-gc show -D '/a b' --root '/srv/root fs' --external 'mnt[it'\\''s]:/v' -- x",
  })
})

test('one that says what is gone is told by that, wherever it stands', (t) => {
  const gone = kept(4, ['--gone', '/'])
  const volume = kept(6, ['--external', 'mnt[/v]:/v'])
  for (const remaps of [[gone], [gone, volume], [volume, gone]])
    t.equal(completeCommand({ remaps }, ['clean'])?.kind, 'gone')
  // A file name is no option.
  const named = kept(8, ['--root', '/a --gone /'])
  t.equal(completeCommand({ remaps: [named] }, ['clean'])?.kind, 'unmoved')
})

test('nothing lacks, or nothing is known of it', (t) => {
  t.equal(completeCommand({ remaps: [reported(OUTCOMES.removed), kept(4)] }, ['show']), undefined)
})

test('and so is one that says that mounts are gone', (t) => {
  const volume = kept(6, ['--gone', '/data'])
  for (const remaps of [[volume], [kept(4, ['--gone', '/']), volume]])
    t.equal(completeCommand({ remaps }, ['show'])?.kind, 'lost')
  t.equal(completeCommand({ remaps: [volume] }, ['show'])?.line, 'criu-gc show --gone /data')
})
