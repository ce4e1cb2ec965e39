// A container of a real runtime (runc or crun), checkpointed by it: what criu-gc is made for.
// Only inside a private mount namespace, which is given a cgroup2 of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { attempt, must, type Result } from './command.js'
import { skipReason as criuSkipReason } from './criu.js'
import * as h from './holder.js'
import { mount, unmount } from './namespace.js'
import { needs } from './needs.js'
import { inRepo } from './repo.js'
import { makeRootfs, makeTree } from './rootfs.js'
import { finished, namesBefore, newBase, type Built, type Checkpoint } from './scenario.js'
import { at, lost } from './scenarios/held.js'

export type Runtime = 'runc' | 'crun'

/** of programs of runtimes, and of the CRIU that they look for */
export const folder = inRepo('.criu', 'runtimes')
const program = (runtime: Runtime | 'podman'): string => `${folder}/${runtime}`
// the runtimes look for criu there
const env = { PATH: `${folder}:${process.env.PATH ?? ''}` }

export function skipReason(runtime: Runtime | 'podman'): string | undefined {
  const reason = criuSkipReason()
  if (reason) return reason
  // CRIU asks it for the addresses of a network namespace
  const lacksIp = needs('ip', 'iproute2')
  if (lacksIp !== false) return lacksIp
  if (attempt('test', ['-x', program(runtime)]).code === 0) return undefined
  return `needs ${runtime}: run sh test/criu/install.sh --runtimes`
}

/** a cgroup2 and nothing else: crun refuses machines that have both kinds */
export function pureCgroup2(): void {
  unmount('/sys/fs/cgroup')
  mount('-t', 'cgroup2', 'none', '/sys/fs/cgroup')
}

/** what the container does, and where its links are to be expected */
function build(base: string): Built {
  const root = makeRootfs(`${base}/bundle/rootfs`, ['data', 'var/real', 'tmp', 'sys'])
  const volume = makeTree(`${base}/volume`, ['sub'])
  const other = makeTree(`${base}/other`)
  symlinkSync('real', `${root}/var/link`)
  const inside = [
    h.hold('/app/old', '/app/kept', 10),
    h.hold('/data/sub/old', '/data/sub/kept', 20, 0o600),
    h.hold('/var/real/old', '/var/real/kept', 30),
    h.hold('/tmp/old', '/tmp/kept', 40),
    h.hold('/dev/shm/old', '/dev/shm/kept', 50),
  ]
  return {
    instructions: [['/holder', 'stdio'], ...inside],
    held: [
      at('/app', `${root}/app`, 'kept', 0o644, 10),
      at('/data/sub', `${volume}/sub`, 'kept', 0o600, 20),
      at('/var/real', other, 'kept', 0o644, 30),
      ...[lost('/tmp', 0o644, 40), lost('/dev/shm', 0o644, 50)],
    ],
    root,
    // as the runtime itself would say it to restore: by the destination, its links resolved
    external: [`mnt[/data]:${volume}`, `mnt[/var/real]:${other}`],
    trees: [root, volume, other],
  }
}

/** crun 1.28 cannot checkpoint a bind mount whose destination goes through a symbolic link */
const behindLink = (runtime: Runtime): string => (runtime === 'crun' ? '/var/real' : '/var/link')

interface Spec {
  process: { args: string[]; terminal: boolean }
  root: { path: string; readonly: boolean }
  mounts: { destination: string; type: string; source: string; options: string[] }[]
  annotations: Record<string, string>
  hooks?: Record<string, { path: string; args: string[]; env: string[] }[]>
}

/** What a test changes in the configuration of its container. */
type Change = (spec: Spec, base: string) => void

/** the runtime's own default configuration, with our process and volumes in it */
function writeSpec(runtime: Runtime, base: string, built: Built, change?: Change): void {
  const bundle = `${base}/bundle`
  must(program(runtime), ['spec', '--bundle', bundle])
  const spec = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')) as Spec
  const bind = (source: string, destination: string) => ({
    ...{ destination, type: 'bind', source, options: ['bind', 'rw'] },
  })
  spec.process = { ...spec.process, args: built.instructions.flat(), terminal: false }
  // absolute: crun resolves destinations below a relative root from wherever it is started
  spec.root = { path: `${bundle}/rootfs`, readonly: false }
  spec.mounts.push(bind(`${base}/volume`, '/data'), bind(`${base}/other`, behindLink(runtime)))
  spec.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['rw'] })
  // crun has no option for it; a configuration of CRIU's own is read by both. Nobody is connected to
  // the container, so that no iptables are needed
  spec.annotations = { 'org.criu.config': `${base}/criu.conf` }
  writeFileSync(`${base}/criu.conf`, 'link-remap\nnetwork-lock skip\n')
  change?.(spec, base)
  writeFileSync(`${bundle}/config.json`, JSON.stringify(spec))
}

async function start(runtime: Runtime, base: string, id: string): Promise<void> {
  const args = ['--root', `${base}/state`, 'run', '--detach', '--bundle', `${base}/bundle`]
  const child = spawn(program(runtime), [...args, '--preserve-fds', '1', id], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const exited = once(child, 'exit')
  const trouble = await text(child.stdio[3] as Readable)
  const [code] = (await exited) as [number | null]
  if (code !== 0 || trouble) throw new Error(`${runtime} run: exit ${code} ${trouble}`)
}

export interface Container {
  base: string
  /** as its runtime knows it */
  name: string
  /** the words that begin a call of its runtime, whose environment is nobody else's */
  program: readonly string[]
  built: Built
  /** of its first process; undefined where it does not run */
  pid: () => number | undefined
  /** where those of that name are, if the runtime knows names */
  images: (name: string) => string
  /** of that name, with more variables for CRIU */
  checkpoint: (name: string, more?: Record<string, string>) => Result
  restore: (name: string) => Result
  cleanup: () => void
}

/** runs one; clean up when done */
export async function runContainer(runtime: Runtime, change?: Change): Promise<Container> {
  const base = newBase(runtime)
  const id = base.slice(base.lastIndexOf('/') + 1)
  const call = (args: string[], more: Record<string, string> = {}) =>
    attempt(program(runtime), [`--root=${base}/state`, ...args], { ...env, ...more })
  const paths = (name: string): string[] => {
    const folder = `${base}/${name}`
    mkdirSync(folder, { recursive: true })
    return ['--image-path', folder, '--work-path', folder, '--manage-cgroups-mode', 'ignore']
  }
  const container: Container = {
    base,
    name: id,
    program: [program(runtime), `--root=${base}/state`],
    built: build(base),
    pid() {
      const { code, stdout } = call(['state', id])
      const state = code === 0 ? (JSON.parse(stdout) as { pid: number; status: string }) : undefined
      return state?.status === 'running' ? state.pid : undefined
    },
    images: (name) => `${base}/${name}`,
    checkpoint: (name, more) => call(['checkpoint', ...paths(name), id], more),
    restore: (name) =>
      call(['restore', '--detach', '--bundle', `${base}/bundle`, ...paths(name), id]),
    cleanup() {
      call(['delete', '--force', id])
      rmSync(base, { recursive: true, force: true })
    },
  }
  try {
    writeSpec(runtime, base, container.built, change)
    await start(runtime, base, id)
    return container
  } catch (error) {
    container.cleanup()
    throw error
  }
}

export interface RunningContainer {
  readonly base: string
  readonly id: string
  readonly pid: number
  readonly cleanup: () => void
}

/** the same container, running; clean up when done */
export async function runningContainer(runtime: Runtime): Promise<RunningContainer> {
  const base = newBase(runtime)
  const id = base.slice(base.lastIndexOf('/') + 1)
  const call = (...args: string[]) =>
    attempt(program(runtime), [`--root=${base}/state`, ...args], env)
  const cleanup = (): void => {
    call('delete', '--force', id)
    rmSync(base, { recursive: true, force: true })
  }
  try {
    writeSpec(runtime, base, build(base))
    await start(runtime, base, id)
    const { pid } = JSON.parse(call('state', id).stdout) as { pid: number }
    return { base, id, pid, cleanup }
  } catch (error) {
    cleanup()
    throw error
  }
}

/** runs a container, checkpoints it, and so ends it; clean up when done */
export async function runtimeCheckpoint(runtime: Runtime): Promise<Checkpoint> {
  const { base, built, checkpoint, cleanup } = await runContainer(runtime)
  try {
    const before = namesBefore(built.held)
    const done = checkpoint('images')
    if (done.code !== 0) throw new Error(`${runtime} checkpoint: ${done.stderr}`)
    const scenario = { name: runtime, about: `checkpointed by ${runtime}`, build }
    const images = `${base}/images`
    return { scenario, base, images, built, ...finished(built, images, before), cleanup }
  } catch (error) {
    cleanup()
    throw error
  }
}
