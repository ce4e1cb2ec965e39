// The clean-up of a locked network namespace is killed at each of its system calls: the filter is as it was, or closes
// less, nothing of others changes, and a second run completes. In mount, network and process namespaces of its own.
import t from 'tap'
import { must } from '../rig/command.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { NETWORK, SEED } from './counts.js'
import { halves, isLess, Locked } from './locked.js'
import { progress } from './progress.js'
import { KillAt } from './tool.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const KILLED = 128 + 9
const tests = (): void => {
  const tool = new KillAt()
  t.teardown(() => {
    tool.end()
  })
  must('ip', ['link', 'set', 'lo', 'up'])
  t.comment(`CRIU_GC_SEED=${SEED}`)

  t.test('killed', { skip }, async (t) => {
    const place = await Locked.make(t)
    // the first look into another network namespace
    const { calls } = await tool.run(['count', 'setns'], place.args)
    t.equal(place.rules(), place.open)
    const say = progress('network: killed')
    let points = 0
    let opened = 0
    for (let n = 1 + (SEED % NETWORK.step); n <= calls.length; n += NETWORK.step) {
      place.close()
      const { code, calls: at } = await tool.run(['kill', 'setns', n], place.args)
      if (code !== KILLED) continue
      points += 1
      const now = place.rules()
      if (now !== place.closed) opened += 1
      const where = `${n} of ${calls.length} (${at[0] ?? ''})`
      if (!isLess(now, place.closed)) t.fail(`${where}: ${now}`)
      t.strictSame(halves(now), [], where)
      const { code: again, stderr } = runGc('clean', place.args.slice(1, -1))
      t.equal(again, 0, `${where}: ${stderr}`)
      t.ok(place.rules() === place.open, `${where}: a second run completes`)
      say(points)
    }
    t.ok(points > 0, `killed at ${points} of ${calls.length} calls`)
    t.comment(`${opened} of them with something opened`)
    t.equal(await place.echo(), 'echoed')
  })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
