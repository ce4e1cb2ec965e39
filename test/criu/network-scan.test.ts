// scan --network looks into network namespaces that no process is in: kept by a thread, by a descriptor, by a mount in
// another mount namespace. In mount and network namespaces of its own, among all the processes of this machine.
import t, { type Test } from 'tap'
import type { JsonReport } from '../../src/report/schema.js'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { gc as run } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { TABLE_LOCK } from '../rig/locks.js'
import { needs } from '../rig/needs.js'
import { startProgram } from '../rig/program.js'

const skip = needs('nft', 'nftables') || needs('ip', 'iproute2')

interface Row {
  readonly where: string
  readonly verdict: string
}

const scan = (...words: readonly string[]): { rows: readonly Row[]; report: JsonReport } => {
  const { report, stderr } = run(['scan', '--network', '--json', ...words])
  if (report?.network === undefined) throw new Error(stderr)
  return { rows: report.network, report: report as JsonReport }
}

/** Those of others on this machine are none of ours. */
const found = (where: string): string[] =>
  scan()
    .rows.filter((row) => row.where.includes(where))
    .map(({ where, verdict }) => `${verdict}: ${where}`)

const kept = async (
  t: Test,
  kind: 'thread' | 'fd',
  where: (pid: number, path: string) => string,
): Promise<void> => {
  const program = await startProgram(t, [compile('keeper.c', '-pthread'), kind])
  const path = await program.line()
  const text = where(program.pid, path)
  t.strictSame(found(text), [], 'nothing is closed')
  must('nsenter', [`--net=${path}`, 'nft', '-f', '-'], TABLE_LOCK)
  t.strictSame(found(text), [`would-remove: network namespace of ${text}`])
  t.match(scan('--remove', '--netns', path).rows, [{ verdict: 'removed' }])
  t.strictSame(found(text), [])
}

const tests = (): void => {
  t.test('kept by a thread', { skip }, (t) =>
    kept(t, 'thread', (pid, path) => `thread ${path.split('/')[4]} of process ${pid}`),
  )

  t.test('kept by a descriptor', { skip }, (t) =>
    kept(t, 'fd', (pid, path) => `descriptor ${path.split('/')[4]} of process ${pid}`),
  )

  t.test('kept by a mount in another mount namespace', { skip }, async (t) => {
    const script =
      'mount -t tmpfs tmpfs /mnt && : >/mnt/pod && unshare --net=/mnt/pod true && ' +
      'echo "ready $$" && exec cat'
    const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script]
    const { pid } = await startProgram(t, command)
    const enter = [
      '--target',
      String(pid),
      '--mount',
      'nsenter',
      '--net=/mnt/pod',
      'nft',
      '-f',
      '-',
    ]
    const text = `/mnt/pod in the mount namespace of process ${pid}`
    t.strictSame(found(text), [])
    must('nsenter', enter, TABLE_LOCK)
    t.strictSame(found(text), [`would-remove: network namespace of ${text}`])
    const { report } = scan()
    t.strictSame(
      report.networkUnread.filter((one) => one.includes('/mnt/pod')),
      [],
    )
    // Once, whoever else keeps it.
    const other = await startProgram(t, [
      ...['nsenter', '--target', String(pid), '--mount', 'nsenter', '--net=/mnt/pod'],
      ...['sh', '-c', 'echo "ready $$" && exec cat'],
    ])
    t.strictSame(found(`process ${other.pid} `).length, 1)
    t.strictSame(found(text), [])
    const path = `/proc/${other.pid}/ns/net`
    t.match(scan('--remove', '--netns', path).rows, [{ verdict: 'removed' }])
  })
}

await inside(import.meta.url, tests, { more: ['--net'] })
