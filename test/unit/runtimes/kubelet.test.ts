// Archives in the folder of a kubelet, by their names alone.
import fs from 'node:fs'
import path from 'node:path'
import { allContainers } from '../../../src/runtimes/all.js'
import { findContainer } from '../../../src/runtimes/find.js'
import { test } from '../support/check.js'

const MORNING = '2026-11-26T06:30:00Z'
const NOON = '2026-11-26T12:00:00+01:00'

test('a container for each pod and container, a checkpoint for each time', (t) => {
  const place = fs.realpathSync(
    t.testdir({
      [`checkpoint-web-7f_default-nginx-${MORNING}.tar`]: '',
      [`checkpoint-web-7f_default-nginx-${NOON}.tar`]: '',
      [`checkpoint-db_prod-mysql-${MORNING}.tar`]: '',
      'checkpoint-mine.tar': '',
      'notes.txt': '',
      'checkpoint-folder.tar': {},
      '.tar': '',
    }),
  )
  fs.symlinkSync('/etc/passwd', path.join(place, 'checkpoint-link.tar'))
  const asked = { runtime: 'kubelet', runtimeRoot: place }
  const { containers, unlooked } = allContainers(asked)
  t.strictSame(unlooked, [])
  t.strictSame(
    containers.map(({ name, images }) => [name, images.map((one) => one.name)]),
    [
      ['db_prod-mysql', [MORNING]],
      ['mine', ['checkpoint-mine.tar']],
      ['web-7f_default-nginx', [NOON, MORNING].sort()],
    ],
  )
  const one = findContainer({ ...asked, bundle: undefined, id: 'db_prod-mysql' })
  t.match(one, { isInArchives: true, roots: [], process: undefined })
  t.equal(one.images[0]?.path, path.join(place, `checkpoint-db_prod-mysql-${MORNING}.tar`))
})
