// Dump for real, pack, and have nothing but the archive: show, clean and clean again remove exactly the links that are on
// this machine. Run by archives.test.ts.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { needs } from '../rig/needs.js'
import { pack, PACKINGS, type Packing } from '../rig/pack.js'
import { checkpoint, type Scenario } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { step } from '../rig/steps.js'

const removes = async (t: Test, one: Scenario, packing: Packing): Promise<void> => {
  const made = await checkpoint(one)
  t.teardown(made.cleanup)
  const folder = `${made.base}.packed`
  mkdirSync(folder)
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const file = pack(made.images, folder, packing)
  const before = readFileSync(file)
  const options = made.arguments.map((word) => (word === made.images ? file : word))
  const also = made.vanished.length === 0 ? [] : ['vanished']
  const { trees } = made.built
  const look = (word: 'show' | 'clean', gone: string[], verdict: string): number =>
    step(t, word, options, [...trees, folder], gone, [verdict, ...also].sort()).code
  t.equal(look('show', [], 'would-remove'), 3)
  t.equal(look('clean', made.paths, 'removed'), 0)
  t.equal(look('clean', [], 'absent'), 0)
  t.ok(readFileSync(file).equals(before), 'the archive is as it was')
  t.notOk(made.paths.length === 0)
}

const whyNot = ({ tool, needs: other }: Packing): string | false =>
  needs(tool, tool === 'bsdtar' ? 'libarchive-tools' : 'tar') ||
  (other === undefined ? false : needs(other))

for (const packing of PACKINGS)
  t.test(`container, ${packing.name}`, { skip: whyNot(packing) }, async (t) => {
    await removes(t, scenario('container'), packing)
  })

const OTHERS = ['host-tree', 'external-volume', 'overlay', 'nested', 'userns', 'odd-names']

for (const name of OTHERS)
  t.test(`${name} in two archives`, async (t) => {
    for (const packing of PACKINGS.filter((one) => /^it\.tar(?:\.gz)?$/.test(one.name)))
      await removes(t, scenario(name), packing)
  })
