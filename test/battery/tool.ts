// Runs the command: plainly, or under kill-at, which is compiled once a test file.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { must } from '../rig/command.js'
import { criuGc, inRepo, node } from '../rig/repo.js'
import { refuseReport } from '../rig/sanitizer.js'

export interface Done {
  /** 128 + number where a signal ended it */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
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

/** In ms: a machine that is slow and does other things besides takes its time. */
const PATIENCE = 240_000

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
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
      resolve({
        code: code ?? -1,
        stdout: stdout(),
        stderr: stderr(),
        calls: calls().split('\n').slice(0, -1),
      })
    })
  })

const command = (program: string, args: readonly string[]): string[] => [node, program, ...args]

/** the command as it is, with nothing in its environment that would change what is tested */
export const run = (args: readonly string[], program = criuGc): Promise<Done> =>
  execute('env', ['-i', `PATH=${process.env.PATH ?? ''}`, ...command(program, args)])

/** System calls by number, as the C library's headers of this machine have them. */
const writeNames = (file: string): void => {
  const macros = must('sh', ['-c', 'echo "#include <sys/syscall.h>" | cc -E -dM -'])
  const lines = [...macros.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(
    ([, name, number]) => `[${number}] = "${name}",\n`,
  )
  fs.writeFileSync(file, lines.join(''))
}

export class KillAt {
  private readonly program: string
  private readonly folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-kill-at-'))

  constructor() {
    this.program = join(this.folder, 'kill-at')
    writeNames(join(this.folder, 'names.h'))
    const flags = ['-O1', '-Wall', '-Wextra', '-Werror', `-I${this.folder}`]
    must('cc', [...flags, '-o', this.program, inRepo('test', 'battery', 'kill-at.c')])
  }

  /** `words` are kill-at's own: what to do, and at which call */
  run(
    words: readonly (string | number)[],
    args: readonly string[],
    program = criuGc,
  ): Promise<Done> {
    return execute(this.program, [...words.map(String), ...command(program, args)])
  }

  /** `meanwhile` is called with the process id while the program is about to make its first `call` */
  pause(
    call: string,
    args: readonly string[],
    meanwhile: (pid: number) => void,
    { program = criuGc, descriptors }: { program?: string; descriptors?: number[] } = {},
  ): Promise<Done> {
    return execute(this.program, ['pause', call, ...command(program, args)], {
      meanwhile: (said) => meanwhile(Number(said)),
      ...(descriptors === undefined ? {} : { descriptors }),
    })
  }

  end(): void {
    fs.rmSync(this.folder, { recursive: true })
  }
}

export const WORKERS = availableParallelism()

/** as many at a time as there are cores; each worker's number tells it which tree is its own */
export const inParallel = async <T>(
  jobs: Iterator<T>,
  work: (job: T, worker: number) => Promise<void>,
): Promise<void> => {
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    for (let next = jobs.next(); next.done !== true; next = jobs.next())
      await work(next.value, worker)
  })
  await Promise.all(workers)
}
