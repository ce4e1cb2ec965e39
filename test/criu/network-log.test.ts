// --log has a line for each lock and each residue, with its level, in both formats, whatever form the report has. In mount,
// network and process namespaces of its own.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compile } from '../rig/compile.js'
import { gc } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { CHAIN_LOCK, tableLock } from '../rig/locks.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { Netns } from '../rig/netns.js'
import { startProgram } from '../rig/program.js'

const skip =
  needs('nft', 'nftables') || needs('iptables-legacy', 'iptables') || needs('ip', 'iproute2')

const FORMATS = ['json', 'text'] as const

/** "info what was said", of either format */
const logged = (
  t: Test,
  format: (typeof FORMATS)[number],
  args: readonly string[],
): { said: string[]; stderr: string } => {
  const file = join(t.testdirName, 'log')
  rmSync(file, { force: true })
  const { stderr } = gc([...args, '--log', file, '--log-format', format])
  const lines = readFileSync(file, 'latin1').trimEnd().split('\n')
  for (const line of lines) t.notMatch(line, /[^\x20-\x7e]/)
  const said = lines.map((line) => {
    if (format === 'text') {
      const [, level = '', text = ''] = /^time="[^"]+" level=(\w+) msg=(.*)$/.exec(line) ?? []
      return `${level} ${text.startsWith('"') ? (JSON.parse(text) as string) : text}`
    }
    const { level, msg } = JSON.parse(line) as { level: string; msg: string }
    return `${level} ${msg}`
  })
  return { said, stderr }
}

const tests = (): void => {
  for (const format of FORMATS)
    for (const json of [[], ['--json']])
      t.test(`${format} ${json.join()}`, { skip }, async (t) => {
        t.testdir({})
        const netns = new Netns()
        t.teardown(() => {
          netns.end()
        })
        const words = [...netns.enter, compile('residue.c', '-pthread'), 'repair', 'memfd', 'mute']
        const { pid } = await startProgram(t, words)
        netns.restore('iptables', 'nft', CHAIN_LOCK)
        netns.nft(tableLock('CRIU-17').replace('accept;', 'accept comment "a\x1b[31m\tb";'))
        const where = `in network namespace of process ${pid}`
        const args = ['--pid', String(pid), '--repair', 'signals', ...json]

        const { said: shown } = logged(t, format, ['show', ...args])
        t.ok(shown.includes(`warning chain chain CRIU of iptables (IPv4) ${where}: would remove`))
        t.ok(
          shown.some((line) => /^warning threads .*: all signals .*: would remove/.test(line)),
          shown.join('\n'),
        )
        t.ok(shown.some((line) => line.includes('also left: ') && line.includes('CRIUMFD')))

        const { said, stderr } = logged(t, format, ['clean', ...args])
        for (const line of [
          `info chain chain CRIU of iptables (IPv4) ${where}: removed`,
          `warning table table inet CRIU-17 of nftables ${where}: kept; differs; it has what CRIU does not make`,
        ])
          t.ok(said.includes(line), said.join('\n'))
        t.ok(said.some((line) => /^info threads .*: all signals .*: removed/.test(line)))
        t.ok(said.some((line) => /^info socket TCP connection .*: removed/.test(line)))
        for (const line of stderr.split('\n').filter((one) => one !== ''))
          t.ok(
            said.some((one) => line === `criu-gc: ${one.replace(/^\w+ /, '')}`),
            line,
          )

        netns.restore('iptables', 'nft', CHAIN_LOCK)
        const scan = ['scan', '--network', '--netns', netns.path, '--remove', ...json]
        const found = logged(t, format, scan).said
        const named = `in network namespace ${netns.path}`
        t.ok(
          found.includes(`info chain chain CRIU of iptables (IPv4) ${named}: removed`),
          found.join('\n'),
        )
        t.ok(found.some((line) => line.startsWith(`warning table table inet CRIU-17`)))
      })
}

await inside(import.meta.url, tests, { more: ['--net', ...OWN_PROCESSES] })
