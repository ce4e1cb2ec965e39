import { mayRestore } from '../../../src/host/restoring.js'
import { test } from '../support/check.js'

test('the words of one that may be restoring', (t) => {
  for (const line of [
    'criu restore -D dump',
    '/usr/sbin/criu swrk 3',
    'criu service',
    'criu -D dump restore',
    'criu: restore --rpc',
    'ld.so --argv0 criu /opt/criu lazy-pages',
    'criu',
  ])
    t.equal(mayRestore(line.split(' ')), true, line)
  for (const line of [
    'criu dump -D restore',
    'criu pre-dump',
    '/x/criu check',
    'criu-gc',
    'sh',
    '',
  ])
    t.equal(mayRestore(line.split(' ')), false, line)
})
