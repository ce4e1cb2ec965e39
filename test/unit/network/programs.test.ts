import fs from 'node:fs'
import { join } from 'node:path'
import { Programs } from '../../../src/network/programs.js'
import { asRoot, type Test } from '../support/check.js'

const PATIENCE = 60_000

const folder = (t: Test, programs: Readonly<Record<string, string>>): string => {
  const dir = t.testdir({})
  for (const [name, text] of Object.entries(programs))
    fs.writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return dir
}

asRoot('the first that is there, with nothing of our environment', (t) => {
  process.env.CRIU_GC_TEST = 'seen'
  t.teardown(() => delete process.env.CRIU_GC_TEST)
  const text = 'echo "$CRIU_GC_TEST|$LC_ALL|$PWD|$*"'
  const programs = new Programs(['/nowhere', folder(t, { one: text, two: 'echo no' })], PATIENCE)
  t.strictSame(programs.run(['none', 'one', 'two'], ['a b', 'c']), {
    kind: 'ran',
    program: 'one',
    text: '|C|/|a b c\n',
  })
  t.strictSame(programs.run(['none'], []), { kind: 'missing' })
})

asRoot('one that shows something else is as none', (t) => {
  const programs = new Programs(
    [folder(t, { one: 'echo 1', two: 'echo 2', bad: 'exit 3' })],
    PATIENCE,
  )
  const run = (...names: string[]) => programs.run(names, [], (text) => text === '2\n')
  t.match(run('one', 'two'), { program: 'two' })
  t.strictSame(run('one'), { kind: 'missing' })
  t.match(run('bad', 'two'), { program: 'two' })
  t.strictSame(run('one', 'bad'), { kind: 'failed', why: 'bad: exit code 3' })
})

asRoot('what went wrong', (t) => {
  const dir = folder(t, {
    says: 'echo no rights >&2; echo more >&2; exit 1',
    ends: 'kill -9 $$',
    open: 'echo',
    theirs: 'echo',
    big: 'exec head -c 100000000 /dev/zero',
  })
  fs.chmodSync(join(dir, 'open'), 0o777)
  fs.chownSync(join(dir, 'theirs'), 65534, 0)
  const why = (name: string) => new Programs([dir], PATIENCE).run([name], [])
  t.strictSame(why('says'), { kind: 'failed', why: 'says: no rights' })
  t.strictSame(why('ends'), { kind: 'failed', why: 'ends: SIGKILL' })
  t.strictSame(why('open'), { kind: 'failed', why: 'open: not started: everybody may write it' })
  t.strictSame(why('theirs'), {
    kind: 'failed',
    why: 'theirs: not started: it belongs to user 65534',
  })
  t.strictSame(why('big'), { kind: 'failed', why: 'big: ENOBUFS' })
  fs.symlinkSync('loop', join(dir, 'loop'))
  t.strictSame(why('loop'), { kind: 'failed', why: 'loop: ELOOP' })
})

asRoot('one that does not end is ended, and none is started after it', (t) => {
  const dir = folder(t, { slow: 'exec sleep 1000', fast: 'echo' })
  const programs = new Programs([dir], 10)
  t.strictSame(programs.run(['slow'], []), {
    kind: 'failed',
    why: 'slow: it did not end in time',
  })
  t.match(programs.run(['fast'], []), { kind: 'failed', why: /another one did not end in time/ })
})
