// Code in a container that changes its tree while links are removed from it: whatever it exchanges,
// covers, moves or removes, nothing outside is touched, and what went is in the report.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { inside } from '../rig/inner.js'
import { RACE } from './counts.js'
import type { RaceReport } from './race/driver.js'
import { progress } from './progress.js'
import { runScript } from './script.js'

const { links: LINKS, runs: RUNS } = RACE

/**
 * `share`: of the links, which are removed at least. A battery in which the command keeps most of them for
 * some other reason has not raced with a deletion. Measured on two cores, idle and busy: 0.22 to 0.48, 0.74 to 0.98, 1, 0.98.
 */
const ATTACKERS = [
  {
    name: 'swap-parent',
    does: 'the parent directory, and a symbolic link to a host directory',
    share: 0.03,
  },
  {
    name: 'swap-target',
    does: 'each link, and a file, a symbolic link, a directory, a fifo',
    share: 0.25,
  },
  {
    name: 'cover',
    does: 'a host directory is mounted over the parent and taken away',
    share: 0.5,
  },
  {
    name: 'churn',
    does: 'directories removed and made, their parent moved out and back',
    share: 0.5,
  },
]

/** As many as at least one run has to have had: an attacker that never hits proves nothing. */
const hit = ({ outcomes }: RaceReport, attacker: string): number =>
  attacker === 'swap-parent'
    ? (outcomes['kept unsafe-path'] ?? 0)
    : attacker === 'swap-target'
      ? (outcomes['kept type'] ?? 0) + (outcomes.alarm ?? 0)
      : 1

await inside(import.meta.url, async () => {
  for (const { name, does, share } of ATTACKERS)
    await t.test(`${name}: ${does}`, async (t) => {
      const say = progress(name)
      const onLine = (line: unknown): void => say((line as RaceReport).attempts, RUNS * LINKS)
      const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-race-'))
      const args = [name, base, RUNS, LINKS]
      const { code, lines, stderr, silent } = await runScript<RaceReport>(
        import.meta.url,
        './race/driver',
        args,
        { isolated: true, onLine },
      )
      const last = lines.at(-1)
      t.notOk(silent, 'it ends')
      t.equal(code, 0, stderr.slice(0, 2000))
      t.strictSame(last?.problems, [])
      t.equal(last?.attempts, RUNS * LINKS)
      t.ok((last?.strikes ?? 0) >= RUNS, `${last?.strikes} strikes`)
      if (last !== undefined) t.ok(hit(last, name) > 0, 'some of them hit')
      const { removed = 0, alarm = 0, 'kept older': older = 0 } = last?.outcomes ?? {}
      t.equal(older, 0, 'no link seems to be older than the dump')
      const enough = removed + alarm >= share * RUNS * LINKS
      const work = `${removed + alarm} of ${RUNS * LINKS} links were removed`
      t.ok(enough, enough ? work : `the battery did not do its work: ${work}`)
      t.comment(`${last?.attempts} attempts: ${JSON.stringify(last?.outcomes)}`)
      t.comment(`${last?.strikes} strikes; baits removed: ${JSON.stringify(last?.baits)}`)
      fs.rmdirSync(base)
    })
})
