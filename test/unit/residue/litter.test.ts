// Directories of restores on this host, by the real kernel, which alone knows what is mounted on them elsewhere. Of
// whether a CRIU runs the test decides: one of others may.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hostOf } from '../../../src/host/host.js'
import { hostView } from '../../../src/host/view.js'
import { findLitter } from '../../../src/residue/litter.js'
import { Unread } from '../../../src/network/unread.js'
import { loadAddon } from '../../../src/sys/addon.js'
import { Sys } from '../../../src/sys/sys.js'
import { inRepo } from '../../rig/repo.js'

/** Whose mounts are seen nowhere else. */
const PRIVATE = 'unshare'

const skip = process.getuid?.() === 0 ? false : 'needs root'

const yards = (folder: string, isAtWork: () => boolean): string[] => {
  const sys = new Sys(loadAddon(inRepo('dist')))
  const { yards } = findLitter(sys, hostOf(sys, hostView()), [folder], new Unread(), isAtWork)
  return yards.filter((place) => place.startsWith(folder))
}

/** A tmpfs on it in another mount namespace, until what this answers is called. */
const mounted = async (t: Test, place: string): Promise<() => Promise<void>> => {
  const script = 'mount -t tmpfs tmpfs "$1" && echo && read line'
  const child = spawn(PRIVATE, ['--mount', 'sh', '-c', script, 'sh', place], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.end('\n')
    await once(child, 'exit')
  }
}

t.test('empty, and mounted nowhere', { skip }, async (t) => {
  const folder = t.testdir({
    '.criu.mntns.empty0': {},
    '.criu.mntns.filled': { file: '' },
    '.criu.mntns.a_file': '',
    '.criu.cgyard.mount0': {},
    'crtools-proc.theirs': {},
    'crtools-proc.nobody': {},
    mine: {},
  })
  fs.chownSync(join(folder, 'crtools-proc.nobody'), 65534, 65534)
  const [empty, mount, root] = [
    '.criu.mntns.empty0',
    '.criu.cgyard.mount0',
    'crtools-proc.theirs',
  ].map((name) => join(folder, name)) as [string, string, string]
  const end = await mounted(t, mount)
  t.strictSame(yards(folder, () => false).sort(), [empty, root].sort())
  t.strictSame(
    yards(folder, () => true),
    [],
    'while a CRIU runs',
  )
  await end()
  t.strictSame(yards(folder, () => false).sort(), [mount, empty, root].sort())
})
