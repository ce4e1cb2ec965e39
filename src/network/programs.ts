// Programs of the system's that show its packet filter and change it: by absolute path, of root's alone, with nothing of our
// environment, and not for longer than they have time.
import fs from 'node:fs'
import { errorCode } from '../errors.js'
import { distrust } from '../sys/trusted.js'

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/bin']
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
/** In ms. */
const PATIENCE = 5000
/** Of the biggest rule sets ten thousand rules are a few MB. */
const MOST = 64 * 1024 * 1024
/** Nobody else may write what we start. */
const ROOTS_ALONE = { uid: 0n, gid: 0n, mode: 0o755n }

export type Ran =
  | { readonly kind: 'ran'; readonly program: string; readonly text: string }
  /** None of the names is there. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly why: string }

export class Programs {
  private isSlow = false
  private readonly folders: readonly string[]
  private readonly patience: number

  constructor(folders: readonly string[] = FOLDERS, patience = PATIENCE) {
    this.folders = folders
    this.patience = patience
  }

  /** The first of these programs that is there, of which `isWanted` says whether what it shows is what is meant. */
  run(
    names: readonly string[],
    args: readonly string[],
    isWanted: (text: string) => boolean = () => true,
    input?: string,
  ): Ran {
    let failure: Ran | undefined
    for (const name of names) {
      const ran = this.attempt(name, args, input)
      if (ran.kind === 'ran' ? isWanted(ran.text) : ran.kind === 'failed') {
        if (ran.kind === 'ran') return ran
        failure ??= ran
      }
    }
    return failure ?? { kind: 'missing' }
  }

  /** What stands in the way of one is said, and ends no run in which something else may have been changed. */
  private attempt(name: string, args: readonly string[], input?: string): Ran {
    try {
      const file = this.folders.map((folder) => `${folder}/${name}`).find(isThere)
      return file === undefined ? { kind: 'missing' } : this.start(name, file, args, input)
    } catch (error) {
      const code = errorCode(error)
      if (code === undefined) throw error
      return { kind: 'failed', why: `${name}: ${code}` }
    }
  }

  private start(name: string, file: string, args: readonly string[], input?: string): Ran {
    const failed = (why: string): Ran => ({ kind: 'failed', why: `${name}: ${why}` })
    const problem = distrust(fs.statSync(file, { bigint: true }), ROOTS_ALONE)
    if (problem !== undefined) return failed(`not started: ${problem}`)
    if (this.isSlow) return failed('not started: another one did not end in time')
    // Not imported, which every run would pay for.
    const { spawnSync } = process.getBuiltinModule('node:child_process')
    const { error, status, signal, stdout, stderr } = spawnSync(file, args, {
      cwd: '/',
      env: ENVIRONMENT,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
      encoding: 'utf8',
      timeout: this.patience,
      killSignal: 'SIGKILL',
      maxBuffer: MOST,
    })
    if (error !== undefined) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ETIMEDOUT') this.isSlow = true
      return failed(code === 'ETIMEDOUT' ? 'it did not end in time' : (code ?? error.message))
    }
    if (status !== 0) {
      const [line = ''] = stderr.trim().split('\n')
      return failed(line === '' ? (signal ?? `exit code ${status ?? -1}`) : line)
    }
    return { kind: 'ran', program: name, text: stdout }
  }
}

const isThere = (file: string): boolean =>
  fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true
