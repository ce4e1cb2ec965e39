// A container of a real podman: an image, an overlay, a volume, and everything that podman keeps in one folder.
// Only inside a private mount namespace, which is given a cgroup2 of its own.
import { mkdirSync, rmSync, writeFileSync, copyFileSync } from 'node:fs'
import { attempt, must, type Result } from './command.js'
import { compile } from './compile.js'
import { criu } from './criu.js'
import * as h from './holder.js'
import { mount, unmount } from './namespace.js'
import { inRepo } from './repo.js'
import { makeRootfs, makeTree } from './rootfs.js'
import { folder, type Container } from './runtime.js'
import { newBase, type Built } from './scenario.js'

/** what the wrapped one is for: that library path is podman's alone, which hands it to CRIU */
const libraries = inRepo('.criu', 'usr', 'lib', 'x86_64-linux-gnu')

const NAME = 'demo'

/** all that podman would look for in /etc and /var */
function configure(base: string): Record<string, string> {
  const list = (path: string): string => JSON.stringify([path])
  writeFileSync(
    `${base}/containers.conf`,
    `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
conmon_path = ${list(`${folder}/conmon`)}
helper_binaries_dir = ${list(inRepo('.criu', 'usr', 'lib', 'podman'))}
tmp_dir = "${base}/tmp"
static_dir = "${base}/static"
volume_path = "${base}/volumes"
[engine.runtimes]
runc = ${list(`${folder}/runc`)}
[network]
network_config_dir = "${base}/net"
[containers]
pids_limit = 0
`,
  )
  writeFileSync(
    `${base}/storage.conf`,
    `[storage]\ndriver = "overlay"\ngraphroot = "${base}/graph"\nrunroot = "${base}/run"\n`,
  )
  writeFileSync(`${base}/policy.json`, '{"default":[{"type":"insecureAcceptAnything"}]}')
  writeFileSync(`${base}/criu.conf`, 'link-remap\nnetwork-lock skip\n')
  return {
    CONTAINERS_CONF: `${base}/containers.conf`,
    CONTAINERS_STORAGE_CONF: `${base}/storage.conf`,
    LD_LIBRARY_PATH: libraries,
    PATH: `${base}/bin:${folder}:${process.env.PATH ?? ''}`,
  }
}

const build = (base: string, upper: string): Built => ({
  instructions: [],
  held: [],
  external: [`mnt[/data]:${base}/volume`],
  trees: [upper, `${base}/volume`],
})

const INSIDE = [
  h.hold('/app/old', '/app/kept', 10),
  h.hold('/data/sub/old', '/data/sub/kept', 20, 0o600),
  h.hold('/tmp/old', '/tmp/kept', 40),
  h.hold('/dev/shm/old', '/dev/shm/kept', 50),
]

export interface PodmanContainer extends Container {
  /** its root file system, which podman unmounts with its end */
  readonly withRoot: <T>(act: (root: string) => T) => T
}

/** A podman of its own, with one image, "holder". */
export interface Podman {
  readonly base: string
  /** the words that begin a call of it, whose environment is nobody else's */
  readonly program: readonly string[]
  readonly call: (...args: string[]) => Result
  /** @throws where it fails */
  readonly ask: (...args: string[]) => string
  /** CRIU is started with these, whatever podman and runc pass on */
  readonly wrap: (more?: Record<string, string>) => void
  readonly cleanup: () => void
}

/** `fill` puts more into the image, where it is. Clean up when done. */
export function openPodman(fill: (root: string) => void = () => undefined): Podman {
  const base = newBase('podman')
  for (const name of ['bin', 'image']) mkdirSync(`${base}/${name}`)
  // what is mounted there must not be seen elsewhere, and podman unmounts what it finds
  mount('--bind', base, base)
  mount('--make-private', base)
  const env = configure(base)
  const call = (...args: string[]): Result => attempt(`${folder}/podman`, args, env)
  const podman: Podman = {
    base,
    program: [
      ...['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      `${folder}/podman`,
    ],
    call,
    ask(...args) {
      const { code, stdout, stderr } = call(...args)
      if (code !== 0) throw new Error(`podman ${args.join(' ')}: exit ${code}\n${stderr}`)
      return stdout.trim()
    },
    wrap(more = {}) {
      const lines = Object.entries(more).map(([name, value]) => `${name}=${value}`)
      writeFileSync(`${base}/bin/environment`, [criu, ...lines, ''].join('\n'))
    },
    cleanup() {
      call('pod', 'rm', '--all', '--force', '--time', '0')
      call('rm', '--all', '--force', '--time', '0')
      unmount(base)
      rmSync(base, { recursive: true, force: true })
    },
  }
  try {
    copyFileSync(compile('launch.c', '-static', '-s'), `${base}/bin/criu`)
    podman.wrap()
    const root = makeRootfs(`${base}/image`, ['data', 'tmp'])
    fill(root)
    must('tar', ['-C', root, '-cf', `${base}/image.tar`, '.'])
    const policy = ['--signature-policy', `${base}/policy.json`]
    podman.ask('import', ...policy, `${base}/image.tar`, 'holder')
    return podman
  } catch (error) {
    podman.cleanup()
    throw error
  }
}

/** runs one; clean up when done */
export function runPodman(): PodmanContainer {
  const podman = openPodman()
  const { base, program, call, ask, wrap, cleanup } = podman
  try {
    makeTree(`${base}/volume`, ['sub'])
    const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000']
    const mounts = ['--volume', `${base}/volume:/data`, '--tmpfs', '/tmp']
    ask(
      ...['run', '--detach', '--name', NAME, '--network', 'none', ...limits, ...mounts],
      ...['--annotation', `org.criu.config=${base}/criu.conf`, 'holder'],
      ...['/holder', 'stdio', ...INSIDE.flat()],
    )
    const upper = ask('inspect', NAME, '--format', '{{.GraphDriver.Data.UpperDir}}')
    return {
      base,
      name: NAME,
      program,
      built: build(base, upper),
      // one folder for all, whatever they are called
      images: () => `${ask('inspect', NAME, '--format', '{{.StaticDir}}')}/checkpoint`,
      pid() {
        // of one that has ended it tells the last
        const { stdout } = call('inspect', NAME, '--format', '{{.State.Status}} {{.State.Pid}}')
        const [status, pid] = stdout.trim().split(' ')
        return status === 'running' ? Number(pid) : undefined
      },
      checkpoint(_name, more) {
        wrap(more)
        const done = call('container', 'checkpoint', NAME)
        wrap()
        return done
      },
      withRoot(act) {
        const root = ask('mount', NAME)
        try {
          return act(root)
        } finally {
          call('umount', NAME)
        }
      },
      restore: () => call('container', 'restore', NAME),
      cleanup,
    }
  } catch (error) {
    cleanup()
    throw error
  }
}
