// Runs a program to its end and says, when it fails, what it said.
import { spawnSync } from 'node:child_process'

export interface Result {
  code: number
  stdout: string
  stderr: string
}

/** never throws for an exit code: 128 + signal number is not told apart from a plain -1 */
export function attempt(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  input?: string,
): Result {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, ...env },
    ...(input === undefined ? {} : { input }),
  })
  if (done.error) throw done.error
  return { code: done.status ?? -1, stdout: done.stdout, stderr: done.stderr }
}

export function must(command: string, args: readonly string[], input?: string): string {
  const done = attempt(command, args, {}, input)
  if (done.code !== 0) {
    throw new Error(`${command} ${args.join(' ')}: exit ${done.code}\n${done.stderr}`)
  }
  return done.stdout
}
