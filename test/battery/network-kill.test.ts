// The clean-up of a locked network namespace is killed at each of its system calls: the filter is as it was, or closes
// less, nothing of others changes, and a second run completes. In mount, network and process namespaces of its own.
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { runGc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { CHAIN_LOCK, TABLE_LOCK } from '../rig/locks.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { startProgram, type Program } from '../rig/program.js'
import { rulesOf } from '../rig/rules.js'
import { NETWORK, SEED } from './counts.js'
import { progress } from './progress.js'
import { KillAt } from './tool.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const KILLED = 128 + 9
const BACKENDS = ['legacy', 'nft']
const FAMILIES = ['iptables', 'ip6tables']

const OPEN = '*filter\n-A INPUT -j ACCEPT\n-A OUTPUT -j ACCEPT\nCOMMIT\n'

class Place {
  readonly args: readonly string[]
  private readonly program: Program
  readonly open: string
  readonly closed: string

  private constructor(program: Program) {
    this.program = program
    this.args = ['clean', '--pid', String(program.pid), '--only', 'network', '--json']
    for (const backend of BACKENDS)
      for (const family of FAMILIES) this.restore(`${family}-${backend}`, OPEN)
    this.open = this.rules()
    this.close()
    this.closed = this.rules()
  }

  static async make(t: Test): Promise<Place> {
    const up = ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"']
    return new Place(await startProgram(t, [...up, compile('network.c'), '4']))
  }

  close(): void {
    for (const backend of BACKENDS)
      for (const family of FAMILIES) this.restore(`${family}-${backend}`, CHAIN_LOCK)
    this.enter('nft', ['-f', '-'], TABLE_LOCK)
  }

  rules(): string {
    return rulesOf('nsenter', '--target', String(this.program.pid), '--net')
  }

  echo(): Promise<string> {
    return this.program.echo()
  }

  private restore(program: string, text: string): void {
    this.enter(`${program}-restore`, ['--noflush'], text)
  }

  private enter(program: string, args: readonly string[], input: string): void {
    const words = ['--target', String(this.program.pid), '--net', program, ...args]
    must('nsenter', words, input)
  }
}

/** Whether these are the rules `before` less some of their lines: nothing new, and nothing in another order. */
const isLess = (now: string, before: string): boolean => {
  const lines = before.split('\n')
  let at = 0
  return now.split('\n').every((line) => {
    at = lines.indexOf(line, at) + 1
    return at > 0
  })
}

/** All of each lock, or nothing of it. */
const halves = (rules: string): string[] =>
  ['CRIU', 'CRIU-17'].flatMap((name) => {
    const count = rules.split('\n').filter((line) => line === `-A INPUT -j ${name}`).length
    const other = rules.split('\n').filter((line) => line === `-A OUTPUT -j ${name}`).length
    return count === other ? [] : [`${count} jumps from INPUT and ${other} from OUTPUT to ${name}`]
  })

const tests = (): void => {
  const tool = new KillAt()
  t.teardown(() => {
    tool.end()
  })
  must('ip', ['link', 'set', 'lo', 'up'])
  t.comment(`CRIU_GC_SEED=${SEED}`)

  t.test('killed', { skip }, async (t) => {
    const place = await Place.make(t)
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
