// Runs the command under kill-at, which is compiled once a test file.
import fs from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { execute, type Done } from '../rig/execute.js'
import { commandLine } from '../rig/gc.js'
import { inRepo } from '../rig/repo.js'

/** System calls by number, as the C library's headers of this machine have them. */
const writeNames = (file: string): void => {
  const macros = must('sh', ['-c', 'echo "#include <sys/syscall.h>" | cc -E -dM -'])
  const lines = [...macros.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(
    ([, name, number]) => `[${number}] = "${name}",\n`,
  )
  fs.writeFileSync(file, lines.join(''))
}

interface Paused {
  readonly program?: string
  /** open in the program from number 4 on */
  readonly descriptors?: readonly number[]
  /** what starts the command */
  readonly under?: readonly string[]
  /** supplementary groups, as setpriv(1) takes them */
  readonly groups?: string
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

  /** `words` are kill-at's own: what to do, and at which call; `under`: what starts kill-at */
  run(
    words: readonly (string | number)[],
    args: readonly string[],
    program?: string,
    under: readonly string[] = [],
  ): Promise<Done> {
    const [first = '', ...rest] = [...under, this.program, ...words.map(String)]
    return execute(first, [...rest, ...commandLine(args, program)])
  }

  /** `meanwhile` is called with the process id while the program is about to make its first `call` */
  pause(
    call: string,
    args: readonly string[],
    meanwhile: (pid: number) => void,
    { program, descriptors, groups, under = [] }: Paused = {},
  ): Promise<Done> {
    const words = [this.program, 'pause', call, ...under, ...commandLine(args, program)]
    // Not setgroups(2) of ours: a Node whose io_uring may be on refuses it.
    const [first = '', ...rest] =
      groups === undefined ? words : ['setpriv', '--groups', groups, ...words]
    return execute(first, rest, {
      meanwhile: (said) => meanwhile(Number(said)),
      ...(descriptors === undefined ? {} : { descriptors }),
    })
  }

  /** The same at the n-th call from `mark` on, or the n-th of that name, whose name is in `calls` where it came to it. */
  pauseAt(
    { mark, n, call }: { readonly mark: string; readonly n: number; readonly call?: string },
    args: readonly string[],
    meanwhile: () => void,
  ): Promise<Done> {
    const place = call === undefined ? ['pause-at', mark, n] : ['pause-in', mark, call, n]
    const words = [...place.map(String), ...commandLine(args)]
    return execute(this.program, words, { meanwhile })
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
