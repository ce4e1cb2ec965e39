// Code in a container that changes its tree while links are removed from it: whatever it exchanges,
// covers, moves or removes, nothing outside is touched, and what went is in the report.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import type { RaceReport } from './race/driver.js'
import { runScript, times } from './script.js'

const LINKS = 10_000
const RUNS = times(20)

const ATTACKERS = [
  { name: 'swap-parent', does: 'the parent directory, and a symbolic link to a host directory' },
  { name: 'swap-target', does: 'each link, and a file, a symbolic link, a directory, a fifo' },
  { name: 'cover', does: 'a host directory is mounted over the parent and taken away' },
  { name: 'churn', does: 'directories removed and made, their parent moved out and back' },
]

t.setTimeout(0)

/** As many as at least one run has to have had: an attacker that never hits proves nothing. */
const hit = ({ outcomes }: RaceReport, attacker: string): number =>
  attacker === 'swap-parent'
    ? (outcomes['kept unsafe-path'] ?? 0)
    : attacker === 'swap-target'
      ? (outcomes['kept type'] ?? 0) + (outcomes.alarm ?? 0)
      : 1

for (const { name, does } of ATTACKERS)
  t.test(`${name}: ${does}`, async (t) => {
    if (process.getuid?.() !== 0) {
      t.pass('not attacked', { skip: 'needs root' })
      return
    }
    const before = mountinfo()
    const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-race-'))
    const args = [name, base, RUNS, LINKS]
    const { code, lines, stderr, silent } = await runScript<RaceReport>(
      import.meta.url,
      './race/driver',
      args,
      { isolated: true },
    )
    const last = lines.at(-1)
    t.notOk(silent, 'it ends')
    t.equal(code, 0, stderr.slice(0, 2000))
    t.strictSame(last?.problems, [])
    t.equal(last?.attempts, RUNS * LINKS)
    t.ok((last?.strikes ?? 0) >= RUNS, `${last?.strikes} strikes`)
    if (last !== undefined) t.ok(hit(last, name) > 0, 'some of them hit')
    t.strictSame(diffMountinfo(before, mountinfo()), [], "the machine's mount table is as before")
    t.comment(`${last?.attempts} attempts: ${JSON.stringify(last?.outcomes)}`)
    t.comment(`${last?.strikes} strikes; baits removed: ${JSON.stringify(last?.baits)}`)
    fs.rmdirSync(base)
  })
