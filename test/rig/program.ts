// A program of a test that speaks in lines on standard output, and is asked by bytes on standard input.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Test } from 'tap'

export class Program {
  pid = 0
  private readonly child: ChildProcess
  private text = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.text += text))
  }

  /** what it says next, up to the end of the line; "ended" where it says no more */
  async line(): Promise<string> {
    while (!this.text.includes('\n')) {
      // not its exit: what it has said may still be on its way then
      const ended = once(this.child, 'close').then(() => (this.text += 'ended\n'))
      await Promise.race([once(this.child.stdout!, 'data'), ended])
    }
    const [line = '', ...rest] = this.text.split('\n')
    this.text = rest.join('\n')
    return line
  }

  async echo(): Promise<string> {
    this.send()
    return this.line()
  }

  send(): void {
    this.child.stdin!.write('x')
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }
}

/**
 * between pipes of its own, which are none of Node's sockets, and a session of its own, as CRIU wants it; `after` is what
 * the shell does when it has ended. Its first line is "ready" with its process id.
 */
export async function startProgram(
  t: Test,
  command: readonly string[],
  after = '',
): Promise<Program> {
  const words = ['-c', `cat | { setsid "$@"; ${after} } | cat`, 'sh', ...command]
  const child = spawn('sh', words, { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const program = new Program(child)
  const [, pid] = /^ready (\d+)$/.exec(await program.line()) ?? []
  program.pid = Number(pid)
  t.teardown(async () => {
    if (existsSync(`/proc/${program.pid}`)) program.kill('SIGKILL')
    child.stdin.end()
    await ended
  })
  return program
}
