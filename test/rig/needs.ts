// Programs of other packages that a machine may lack: a test that needs one is skipped and says which.
import { spawnSync } from 'node:child_process'

/** For the skip of a test: why it cannot run, or false. */
export const needs = (command: string, pack = command): string | false =>
  spawnSync(command, ['--version']).error ? `needs ${command}: install ${pack}` : false

export const needsChattr = (): string | false => needs('chattr', 'e2fsprogs')
