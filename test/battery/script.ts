// Batteries of millions run in processes of their own: plain scripts of Node's with a clean environment,
// which print one JSON document a line. One that falls silent has met an input that never ends.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cleared } from '../rig/gc.js'
import { OWN_PROCESSES, WITH_OWN_NOTES } from '../rig/namespace.js'

export interface ScriptOptions {
  /** In a private mount and process namespace, where it may mount what it likes. */
  readonly isolated?: boolean
  /** How long it may say nothing, in ms. */
  readonly patience?: number
  /** Called with each line. */
  readonly onLine?: (line: unknown) => void
}

export interface Ended<T> {
  readonly code: number | null
  /** Every line that it printed. */
  readonly lines: readonly T[]
  readonly stderr: string
  /** It was killed for its silence; its last line tells after what. */
  readonly silent: boolean
}

const ISOLATED = [
  ...['unshare', '--mount', '--propagation', 'private', ...OWN_PROCESSES],
  ...WITH_OWN_NOTES,
]

/** `url`: of the test, `script`: beside it, without ".js". */
export const runScript = <T>(
  url: string,
  script: string,
  args: readonly (string | number)[],
  { isolated = false, patience = 300_000, onLine }: ScriptOptions = {},
): Promise<Ended<T>> =>
  new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL(`${script}.js`, url))
    const child = spawn(
      'env',
      cleared(...(isolated ? ISOLATED : []), ...[process.execPath, file, ...args.map(String)]),
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' },
    )
    const lines: T[] = []
    const stderr: Buffer[] = []
    let silent = false
    const silence = setTimeout(() => {
      silent = true
      child.kill('SIGKILL')
    }, patience)
    createInterface({ input: child.stdout }).on('line', (line) => {
      silence.refresh()
      const value = JSON.parse(line) as T
      lines.push(value)
      onLine?.(value)
    })
    child.stderr.on('data', (data: Buffer) => stderr.push(data))
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(silence)
      resolve({ code, lines, stderr: Buffer.concat(stderr).toString(), silent })
    })
  })
