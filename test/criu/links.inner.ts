// Of each scenario `links` prints the paths of the links that the dump left on this machine, found on disk, and changes
// nothing. Run by links.test.ts.
import { spawnSync } from 'node:child_process'
import { unlinkSync } from 'node:fs'
import t, { type Test } from 'tap'
import { gc } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { checkpoint, type Checkpoint } from '../rig/scenario.js'
import { scenario, scenarios } from '../rig/scenarios.js'

const printed = (made: Checkpoint, ...more: string[]) => gc(['links', ...made.arguments, ...more])

/** as text is decoded here, so are names on both sides */
const text = (path: string): string => Buffer.from(path).toString('utf8')

const wantedOf = ({ links }: Checkpoint): string[] => links.map(({ link }) => text(link)).sort()

const started = async (t: Test, name: string): Promise<Checkpoint> => {
  const made = await checkpoint(scenario(name))
  t.teardown(made.cleanup)
  return made
}

for (const one of scenarios)
  t.test(`${one.name}: ${one.about}`, async (t) => {
    const made = await started(t, one.name)
    made.built.repair?.()
    const before = manifest(...made.built.trees)
    const { code, stdout, stderr } = printed(made, '--null')
    t.equal(code, 0, stderr)
    t.strictSame(stdout.split('\0').slice(0, -1).sort(), wantedOf(made))
    t.ok(stdout === '' || stdout.endsWith('\0'))
    t.strictSame(onlyRemoved(before, manifest(...made.built.trees), []), [], 'nothing changed')
    const { report } = printed(made, '--json')
    t.match(report, { command: 'links', exit: { code: 0 }, totals: { links: made.links.length } })
  })

t.test('one that is gone is named, and not printed', async (t) => {
  const made = await started(t, 'container')
  const [first = '', ...rest] = wantedOf(made)
  unlinkSync(first)
  const { code, stdout, stderr } = printed(made)
  t.equal(code, 4)
  t.strictSame(stdout.trim().split('\n').sort(), rest)
  t.match(stderr, /link_remap\.\d+: absent/)
})

t.test('tar takes them along', async (t) => {
  const made = await started(t, 'container')
  const list = printed(made, '--null').stdout
  const tar = ['--null', '--verbatim-files-from', '-T', '-', '-P', '-cf']
  const folder = t.testdir({})
  const packed = spawnSync('tar', [...tar, `${folder}/links.tar`], { input: list })
  t.equal(packed.status, 0, packed.stderr.toString())
  const said = spawnSync('tar', ['-P', '-tf', `${folder}/links.tar`], { encoding: 'utf8' })
  t.strictSame(said.stdout.trim().split('\n').sort(), wantedOf(made))
})
