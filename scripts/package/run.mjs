// Other programs, of which a missing one is said by name and with the package that has it.
import { spawnSync } from 'node:child_process'

/** What it printed. @throws Error with its messages, where it failed or is not there. */
export const run = (command, args, { from, ...options } = {}) => {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.error?.code === 'ENOENT')
    throw new Error(`${command} is missing: install ${from ?? command}`)
  if (done.error !== undefined) throw done.error
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`)
  return done.stdout
}
