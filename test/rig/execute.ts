// Runs a program while the test goes on, to look at it, to stop it, or to run several at once.
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { cleared, commandLine, PATIENCE, readReport, type Run } from './gc.js'
import { refuseReport } from './sanitizer.js'

export interface Done extends Run {
  /** what kill-at says on its descriptor, a line a call */
  readonly calls: readonly string[]
}

const collect = (stream: Readable | Writable | null): (() => string) => {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

interface Execution {
  /** called with what came first on descriptor 3; standard input ends when it has returned */
  readonly meanwhile?: (said: string) => void
  /** open in the program from number 4 on */
  readonly descriptors?: readonly number[]
}

/** never throws for what the program does; one that hangs is killed, and its exit code is -1 */
export const execute = (
  program: string,
  args: readonly string[],
  { meanwhile, descriptors = [] }: Execution = {},
): Promise<Done> =>
  new Promise((resolve, reject) => {
    const stdin = meanwhile === undefined ? 'ignore' : 'pipe'
    // The environment is cleared by whoever is called: tap's own would come back into ours.
    const child = spawn(program, args, {
      stdio: [stdin, 'pipe', 'pipe', 'pipe', ...descriptors],
      // Not where it goes by itself.
      cwd: tmpdir(),
    })
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
    const third = child.stdio[3] ?? null
    const calls = collect(third)
    third?.once('data', (said: Buffer) => {
      try {
        meanwhile?.(said.toString('latin1').trim())
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
      child.stdin?.end()
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      try {
        refuseReport(stdout(), stderr())
        resolve({
          code: code ?? -1,
          stdout: stdout(),
          stderr: stderr(),
          report: readReport(stdout()),
          calls: calls().split('\n').slice(0, -1),
        })
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
  })

/** the command as it is; with nothing in its environment that would change what is tested */
export const run = (args: readonly string[], program?: string): Promise<Done> =>
  execute('env', cleared(...commandLine(args, program)))
