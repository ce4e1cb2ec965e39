// Real runtimes in a machine of their own (host.sh), which is made anew unless CRIU_GC_HOST names a folder that has one. For
// `npm run test:runtimes`: takes some minutes, root, mmdebstrap, a mirror of Debian and what `npm run package` needs. "all",
// "image", or "aborts" with names of runtimes and of ways with "+" between, do that part alone.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { compile } from '../rig/compile.js'
import { holder } from '../rig/holder.js'
import { inRepo, repo } from '../rig/repo.js'

const PACKAGES = [
  ...['runc', 'crun', 'criu', 'libcriu2', 'podman', 'netavark', 'containerd', 'docker.io'],
  ...['docker-cli', 'lxc', 'incus', 'nodejs', 'iproute2', 'iptables', 'nftables', 'procps'],
  ...['busybox-static', 'fuse-overlayfs'],
]

const script = inRepo('test/runtimes/host.sh')

const host = (...args: string[]): number =>
  spawnSync('bash', [script, ...args], { stdio: 'inherit' }).status ?? 1

const must = (...args: string[]): void => {
  if (host(...args) !== 0) throw new Error(`host.sh ${args[0] ?? ''} failed`)
}

/** Where a file of this project is in the machine. */
const there = (file: string): string => path.join('/work', path.relative(repo, file))

/** The folder of those that the image is made of. */
const makePackages = (): string => {
  const packages = inRepo('.criu/packages')
  const words = ['run', 'package', '--', '--fast', '--built', packages]
  if (spawnSync('npm', words, { cwd: repo, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    throw new Error('no packages could be made')
  return packages
}

const known = process.env.CRIU_GC_HOST
const folder = known ?? fs.mkdtempSync(path.join(tmpdir(), 'criu-gc-runtimes-'))
const tryAll = (): number => {
  const program = holder()
  const killer = compile('killer.c', '-shared', '-fPIC')
  if (!fs.existsSync(path.join(folder, 'disk'))) must('make', folder, PACKAGES.join(','))
  must('up', folder, repo)
  try {
    const [what, ...rest] = process.argv.slice(2)
    const on = (name: string, ...words: string[]): number =>
      host('on', folder, 'node', there(inRepo('out/test/runtimes', name)), there(program), ...words)
    const parts = {
      all: () => on('inside.js', there(inRepo('dist/criu-gc.cjs'))),
      image: () => on('image/inside.js', there(makePackages())),
      aborts: () => on('aborts/inside.js', there(killer), ...rest),
    }
    const chosen = Object.entries(parts).filter(([name]) => what === undefined || name === what)
    return Math.max(...chosen.map(([, part]) => part()))
  } finally {
    must('down', folder)
  }
}

try {
  process.exitCode = tryAll()
} finally {
  if (known === undefined) fs.rmSync(folder, { recursive: true, force: true })
}
