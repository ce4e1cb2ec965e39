// A restore that is killed, with all that it had started: what it leaves on this host is named, and undone by --repair; what only
// looks like it is left. In a mount namespace of its own, and in the first process namespace: from another one nobody can see
// what others have mounted.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { isYard } from '../../src/residue/litter.js'
import type { JsonReport } from '../../src/report/schema.js'
import { LOCK, SEED } from '../battery/counts.js'
import { skipReason } from '../rig/criu.js'
import { countRestore, restoreKilledAt } from '../rig/dump-at.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { mount, ownRun, unmount } from '../rig/namespace.js'
import { inRepo } from '../rig/repo.js'
import { dumped, optionsOf } from '../rig/restored.js'
import { scenario } from '../rig/scenarios.js'

const skip = skipReason() ?? false
const POINTS = 4 * LOCK.points

const yardsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter(isYard)
    .map((name) => join(folder, name))

const isMounted = (place: string): boolean =>
  readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${place} `)

/** What is said of each, by its place. While any CRIU of this machine runs, of none: then the look is made again. */
const look = async (word: 'show' | 'clean', ...more: string[]): Promise<string[]> => {
  for (;;) {
    const { report, stderr } = runGc(word, ['--only', 'residue', ...more])
    if (report?.residue === undefined) throw new Error(stderr)
    const yards = (report as JsonReport).residue.filter(({ kind }) => kind === 'yards')
    const said = yards.map(({ where, verdict, reason }) => `${where} ${reason ?? verdict}`)
    if (said.length > 0 && said.every((line) => !line.endsWith(' busy'))) return said.sort()
    await sleep(100)
  }
}

/** What looks like them, and is of others. */
const decoys = async (t: Test): Promise<string[]> => {
  const make = (name: string): string => {
    mkdirSync(join('/tmp', name))
    return join('/tmp', name)
  }
  const theirs = make('.criu.mntns.theirs')
  chownSync(theirs, 65534, 65534)
  const filled = make('.criu.mntns.filled')
  writeFileSync(join(filled, 'file'), '')
  const used = make('.criu.cgyard.in0use')
  const keeper = spawn('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-c'],
    `mount -t tmpfs tmpfs ${used} && echo mounted && exec sleep 100000`,
  ])
  t.teardown(async () => {
    const ended = once(keeper, 'exit')
    keeper.kill('SIGKILL')
    await ended
  })
  await once(keeper.stdout, 'data')
  const file = join('/tmp', '.criu.mntns.a0file')
  writeFileSync(file, '')
  return [theirs, filled, used, file, make('.criu.others.abcdef')]
}

/** Our own, with these sources in it where they are below it. */
const ownTmp = (t: Test): void => {
  ownRun()
  const [repo, kept] = [inRepo(), '/run/repo']
  mkdirSync(kept)
  mount('--bind', repo, kept)
  mount('-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/tmp')
  const isBelow = repo.startsWith('/tmp/')
  if (isBelow) {
    mkdirSync(repo, { recursive: true })
    mount('--bind', kept, repo)
  }
  t.teardown(() => {
    for (const place of [...(isBelow ? [repo] : []), '/tmp', kept, '/run']) unmount(place)
  })
}

const tests = (): void => {
  t.test('killed at points of its whole run', { skip }, async (t) => {
    ownTmp(t)
    const made = await dumped(t, scenario('container'))
    const options = optionsOf(made)
    const all = countRestore(options)
    t.strictSame(yardsIn('/tmp'), [], 'one that ends well leaves none')
    // its links went with that one: those after it fail where they open them, if they come so far
    let killed = 0
    for (let point = 0; point < POINTS; point++) {
      const call = 1 + ((SEED + Math.floor((all * point) / POINTS)) % all)
      if (restoreKilledAt(call, options)) killed += 1
    }
    const left = yardsIn('/tmp').filter((one) => !isMounted(one))
    // CRIU takes such a mount into a namespace of its own a moment later: one that was killed before leaves it to us.
    const mounted = yardsIn('/tmp').filter(isMounted)
    t.teardown(() => mounted.forEach(unmount))
    t.ok(left.length > 0, `killed at ${killed} of ${all} calls: ${left.join(' ')}`)
    const others = [...mounted, ...(await decoys(t))]

    const each = (verdict: string): string[] => left.map((one) => `${one} ${verdict}`).sort()
    t.strictSame(await look('show'), each('unasked'))
    t.strictSame(await look('clean'), each('unasked'))
    t.strictSame(await look('show', '--repair', 'yards'), each('would-remove'))
    t.ok(left.every((one) => existsSync(one)))
    t.strictSame(await look('clean', '--repair', 'yards'), each('removed'))
    t.notOk(left.some((one) => existsSync(one)))
    t.ok(others.every((one) => existsSync(one)))
  })
}

await inside(import.meta.url, tests)
