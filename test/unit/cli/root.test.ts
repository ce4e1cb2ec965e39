// Who may run it: whoever acts with the rights of root, whatever user started it. The ids are told to the
// built command by a script that Node loads first, so that this needs neither root nor a second user.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { cleared } from '../../rig/gc.js'
import { criuGc, node } from '../../rig/repo.js'
import { test, type Test } from '../support/check.js'

interface Ids {
  readonly uid: number
  readonly euid: number
}

const refusal = (t: Test, { uid, euid }: Ids): string => {
  const dir = t.testdir({
    'ids.cjs': `process.getuid = () => ${uid}; process.geteuid = () => ${euid}\n`,
  })
  const words = ['show', '--json', '--no-default-config', '-D', path.join(dir, 'nowhere')]
  const loaded = ['--require', path.join(dir, 'ids.cjs'), criuGc, ...words]
  const done = spawnSync('env', cleared(node, ...loaded), { encoding: 'utf8' })
  return (JSON.parse(done.stdout) as { error: { message: string } }).error.message
}

test('the effective user decides', (t) => {
  t.match(refusal(t, { uid: 1000, euid: 1000 }), /^not root/)
  t.match(refusal(t, { uid: 0, euid: 1000 }), /^not root/, 'root that gave up its rights')
  t.notMatch(refusal(t, { uid: 0, euid: 0 }), /not root/)
  t.notMatch(refusal(t, { uid: 1000, euid: 0 }), /not root/, 'an ordinary user with those of root')
})
