// Checkpoints that are restored: what CRIU needs for it, and the end of what was restored.
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { restore, type RestoreOptions } from './criu.js'
import { send } from './signal.js'
import { mount, unmount } from './namespace.js'
import { checkpoint, type Checkpoint, type Scenario } from './scenario.js'

export const optionsOf = ({ built, images }: Checkpoint): RestoreOptions => ({
  images,
  ...(built.root !== undefined && { root: built.root }),
  external: built.external ?? [],
  extra: ['--pidfile', `${images}/restored.pid`],
})

/** dumps; CRIU wants the root to be a mount point, a host tree has none */
export async function dumped(t: Test, scenario: Scenario): Promise<Checkpoint> {
  const made = await checkpoint(scenario)
  const { root } = made.built
  t.teardown(made.cleanup)
  if (root === undefined) return made
  mount('--bind', root, root)
  t.teardown(() => {
    unmount(root)
  })
  return made
}

export function restoreAndEnd(made: Checkpoint): void {
  restore(optionsOf(made))
  // all others of the tree go with it: it is the first of its pid namespace, or alone
  send(Number(readFileSync(`${made.images}/restored.pid`, 'latin1')), 'SIGKILL')
}
