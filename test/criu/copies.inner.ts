// Images that were copied, and dumps that took long or came close together: the window of the dump is the
// same wherever its images are. Run by copies.test.ts.
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { must } from '../rig/command.js'
import { dump } from '../rig/criu.js'
import { restoreAndEnd } from '../rig/restored.js'
import { checkpoint, newBase, type Checkpoint } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'
import { mount, unmount } from '../rig/namespace.js'
import { cleaned, refused } from '../rig/steps.js'

/** how long the tree is stopped, in seconds: longer than coarse file systems can tell */
const SLOW = 4

const script = (dir: string): string => {
  const path = join(dir, 'slow.sh')
  writeFileSync(path, `#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ] || sleep ${SLOW}\n`)
  chmodSync(path, 0o755)
  return path
}

async function slowDump(t: Test, name: string): Promise<Checkpoint> {
  const base = newBase(name)
  const made = await checkpoint(scenario(name), { base, extra: ['--action-script', script(base)] })
  t.teardown(made.cleanup)
  return made
}

type Copy = (from: string, to: string) => void

const archived =
  (...options: string[]): Copy =>
  (from, to) => {
    mkdirSync(to)
    must('tar', ['-C', from, ...options, '-cf', `${to}.tar`, '.'])
    must('tar', ['-C', to, '-xpf', `${to}.tar`])
  }

const COPIES: Record<string, Copy> = {
  'where they were written': (from, to) => {
    renameSync(from, to)
  },
  'copied with times': (from, to) => {
    must('cp', ['-a', from, to])
  },
  'copied without times': (from, to) => {
    must('cp', ['-r', from, to])
  },
  'from an archive with whole seconds': archived('--format=ustar'),
  'from an archive with nanoseconds': archived('--format=posix'),
}

for (const [about, copy] of Object.entries(COPIES))
  t.test(`images of a slow dump, ${about}`, async (t) => {
    const made = await slowDump(t, 'external-volume')
    const images = `${made.images}.copy`
    copy(made.images, images)
    cleaned(t, { ...made, arguments: ['-D', images, ...made.arguments.slice(2)] })
  })

t.test(
  '-R, another dump within the second, cleaned with the images of the first one',
  async (t) => {
    const one = scenario('external-volume')
    const base = newBase(one.name)
    const first = join(base, 'images-first')
    const made = await checkpoint(one, {
      base,
      beforeDump: ({ dumpExternal = [] }, { pid }) => {
        dump({ pid, images: first, external: dumpExternal, extra: ['--leave-running'] })
      },
    })
    t.teardown(made.cleanup)
    const [, , ...options] = made.arguments
    const { root = '', trees } = made.built
    refused(t, ['-D', first, ...options], trees, ['kept newer'])
    for (const [about, copy] of Object.entries(COPIES).slice(1)) {
      const images = join(base, about)
      copy(first, images)
      refused(t, ['-D', images, ...options], trees, ['kept newer'])
    }
    mount('--bind', root, root)
    restoreAndEnd(made)
    unmount(root)
  },
)
