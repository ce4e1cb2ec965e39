// A program with a connection in a network namespace of its own that is closed in every way that there is, and whether it
// closes less than before, or nothing by halves.
import type { Test } from 'tap'
import { must } from '../rig/command.js'
import { compile } from '../rig/compile.js'
import { CHAIN_LOCK, TABLE_LOCK } from '../rig/locks.js'
import { BACKENDS, FAMILIES } from '../rig/netns.js'
import { startProgram, type Program } from '../rig/program.js'
import { rulesOf } from '../rig/rules.js'

const OPEN = '*filter\n-A INPUT -j ACCEPT\n-A OUTPUT -j ACCEPT\nCOMMIT\n'

export class Locked {
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

  static async make(t: Test): Promise<Locked> {
    const up = ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"']
    return new Locked(await startProgram(t, [...up, compile('network.c'), '4']))
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
export const isLess = (now: string, before: string): boolean => {
  const lines = before.split('\n')
  let at = 0
  return now.split('\n').every((line) => {
    at = lines.indexOf(line, at) + 1
    return at > 0
  })
}

/** All of each lock, or nothing of it. */
export const halves = (rules: string): string[] =>
  ['CRIU', 'CRIU-17'].flatMap((name) => {
    const count = rules.split('\n').filter((line) => line === `-A INPUT -j ${name}`).length
    const other = rules.split('\n').filter((line) => line === `-A OUTPUT -j ${name}`).length
    return count === other ? [] : [`${count} jumps from INPUT and ${other} from OUTPUT to ${name}`]
  })
