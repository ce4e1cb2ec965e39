// Guards are alive: without any one of the checks on the way to the removal of a lock or a residue, at least one case goes
// wrong. Each runs with the built command, which has to be right, and with one that lacks the check. In mount, network and
// process namespaces of its own.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cleared, commandLine, readReport } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES, ownRun, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { Netns } from '../rig/netns.js'
import { criuGc } from '../rig/repo.js'
import { NETWORK_GUARDS, type NetworkGuard } from './network-guards.js'
import { progress } from './progress.js'
import { RESIDUE_GUARDS } from './residue-guards.js'
import { Workshop } from './workshop.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const SHARES = 4

/** what is wrong with a run of this program; empty is good */
const attempt = async (t: Test, { close }: NetworkGuard, program: string): Promise<string[]> => {
  const netns = new Netns()
  try {
    netns.makeTables()
    const folder = join(netns.folder, 'case')
    fs.mkdirSync(folder)
    const { args, outside, code, rows, look } = await close({ netns, t, folder })
    const before = look === undefined ? netns.rules() : ''
    const words = cleared(
      ...(outside ? [] : netns.enter),
      ...commandLine([...args, '--json'], program),
    )
    const { status, stdout, stderr } = spawnSync('env', words, { encoding: 'utf8' })
    const report = readReport(stdout)
    const problems = look?.() ?? []
    if (status !== (code ?? status)) problems.push(`exit code ${status}: ${stderr}`)
    const isOurs = ({ where }: { where: string }): boolean =>
      outside === undefined || where === '' || where.includes(netns.path)
    const found = [
      ...(report?.network ?? []).filter(isOurs),
      ...(report?.residue ?? []).filter(({ reason }) => reason !== 'named'),
    ].map(
      ({ kind, verdict, reason }) =>
        `${kind} ${verdict}${reason === undefined ? '' : ` ${reason}`}`,
    )
    const wanted = rows.filter((row) => row !== '')
    if (found.filter((row) => !row.startsWith('namespace')).join() !== wanted.join())
      problems.push(`rows: ${found.join() || 'none'}`)
    if (look === undefined && netns.rules() !== before) problems.push('the rules changed')
    return problems
  } finally {
    netns.end()
  }
}

const tests = async (share: number): Promise<void> => {
  ownRun()
  const workshop = new Workshop()
  const say = progress(`network guards, ${share + 1} of ${SHARES}`)
  const own = [...NETWORK_GUARDS, ...RESIDUE_GUARDS].filter((_, index) => index % SHARES === share)
  for (const [done, guard] of own.entries()) {
    say(done, own.length)
    const { name, behind = [] } = guard
    await t.test(name, { skip }, async (t) => {
      const whole = behind.length === 0 ? criuGc : workshop.make(behind)
      const mutant = workshop.make([...behind, guard])
      t.strictSame(await attempt(t, guard, whole), [], 'right with it')
      const problems = await attempt(t, guard, mutant)
      t.ok(problems.length > 0, `wrong without it: ${problems[0]?.replaceAll('\n', ' ')}`)
    })
  }
  t.comment(`${own.length} guards`)
  workshop.end()
  unmount('/run')
}

await inside(import.meta.url, tests, { shares: SHARES, more: ['--net', ...OWN_PROCESSES] })
