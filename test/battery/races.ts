// Code in a container that changes its tree while names are removed from it, whatever tells the command of these names:
// whatever it exchanges, covers, moves or removes, nothing outside is touched, and what went is in the report.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { inside } from '../rig/inner.js'
import { RACE } from './counts.js'
import type { RaceReport, Way } from './race/driver.js'
import { progress } from './progress.js'
import { runScript } from './script.js'

const { links: LINKS, runs: RUNS } = RACE

const ATTACKERS = [
  { name: 'swap-parent', does: 'the parent directory, and a symbolic link to a host directory' },
  { name: 'swap-target', does: 'each link, and a file, a symbolic link, a directory, a fifo' },
  { name: 'cover', does: 'a host directory is mounted over the parent and taken away' },
  { name: 'churn', does: 'directories removed and made, their parent moved out and back' },
] as const

type Attacker = (typeof ATTACKERS)[number]['name']

/** What of one way is to be seen that an attacker has hit, and that the command has worked all the same. */
export interface Expected {
  /** Of all names, which are removed at least. */
  readonly share: number
  /** Outcomes of which there has to be one at least; empty where the attacker leaves no trace. */
  readonly hits: readonly string[]
}

export const race = (
  url: string,
  way: Way,
  expected: Readonly<Record<Attacker, Expected>>,
): Promise<void> =>
  inside(url, async () => {
    for (const { name, does } of ATTACKERS)
      await t.test(`${way}, ${name}: ${does}`, async (t) => {
        const { share, hits } = expected[name]
        const say = progress(name)
        const onLine = (line: unknown): void => say((line as RaceReport).attempts, RUNS * LINKS)
        const base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-race-'))
        const args = [name, base, way, RUNS, LINKS]
        const { code, lines, stderr, silent } = await runScript<RaceReport>(
          url,
          './race/driver',
          args,
          { isolated: true, onLine },
        )
        const last = lines.at(-1)
        t.notOk(silent, 'it ends')
        t.equal(code, 0, stderr.slice(0, 2000))
        t.strictSame(last?.problems, [])
        // Of others than images nobody knows how many there are.
        if (way === 'images') t.equal(last?.attempts, RUNS * LINKS)
        t.ok((last?.strikes ?? 0) >= RUNS, `${last?.strikes} strikes`)
        const { outcomes = {} } = last ?? {}
        const hit = hits.some((outcome) => (outcomes[outcome] ?? 0) > 0)
        t.ok(hits.length === 0 || hit, 'some of them hit')
        const { removed = 0, alarm = 0, 'kept older': older = 0 } = outcomes
        t.equal(older, 0, 'no link seems to be older than the dump')
        const enough = removed + alarm >= share * RUNS * LINKS
        const work = `${removed + alarm} of ${RUNS * LINKS} links were removed`
        t.ok(enough, enough ? work : `the battery did not do its work: ${work}`)
        t.comment(`${last?.attempts} attempts: ${JSON.stringify(outcomes)}`)
        t.comment(`${last?.strikes} strikes; baits removed: ${JSON.stringify(last?.baits)}`)
        fs.rmdirSync(base)
      })
  })
