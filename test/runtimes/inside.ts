// In the machine of run.ts: each runtime checkpoints a container that holds deleted files in its root file system, a host
// directory, and one behind a link. Then it is given up, and cleaned up after by its name alone. Prints a row for each.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { basename, join } from 'node:path'
import type { JsonList } from '../../src/report/list-schema.js'
import type { JsonReport } from '../../src/report/schema.js'
import { attempt, must } from '../rig/command.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { hold } from '../rig/holder.js'

const [, , holder = '', gc = ''] = process.argv
const NAME = 'demo'
const DATA = '/srv/data'
const LOGS = '/srv/logs'
const IMAGE = 'docker.io/library/holder:latest'

const INSIDE = [
  '/holder',
  'stdio',
  ...hold('/app/old', '/app/kept', 10),
  ...hold('/data/sub/old', '/data/sub/kept', 20, 0o600),
  ...hold('/var/real/logs/old', '/var/real/logs/kept', 30),
]

interface Kind {
  readonly name: string
  /** Runs the container for the first time. */
  readonly start: () => void
  readonly checkpoint: () => void
  /** Where the root file system is written. */
  readonly layer: () => string
  /** Beside --container NAME. */
  readonly words: readonly string[]
  /** Done between the checkpoint and the clean-up. */
  readonly abort?: () => void
  /** Runs it again. */
  readonly again: () => void
  readonly end: () => void
}

const write = (file: string, text: string): void => {
  fs.mkdirSync(join(file, '..'), { recursive: true })
  fs.writeFileSync(file, text)
}

/** A line of a command's output. */
const line = (command: string, ...args: string[]): string => must(command, args).trim()

const podman = (driver: string, runtime: string): Kind => {
  const at = ['--storage-driver', driver, '--runtime', runtime]
  const call = (...args: string[]): string => line('podman', ...at, ...args)
  return {
    name: `podman, ${driver}, ${runtime}`,
    start: () => {
      // Its database is for one driver.
      attempt('umount', ['/var/lib/containers/storage/overlay'])
      fs.rmSync('/var/lib/containers', { recursive: true, force: true })
      call('import', '/tmp/image.tar', IMAGE)
      call(
        ...['run', '--detach', '--name', NAME, '--network', 'none'],
        ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'],
        ...['--volume', `${DATA}:/data`, '--volume', `${LOGS}:/var/link/logs`, IMAGE, ...INSIDE],
      )
    },
    checkpoint: () => call('container', 'checkpoint', NAME),
    layer: () => {
      const [id] = call('inspect', NAME, '--format', '{{.Id}}').split('\n')
      const graph = '/var/lib/containers/storage'
      const list = JSON.parse(
        fs.readFileSync(`${graph}/${driver}-containers/containers.json`, 'utf8'),
      ) as { id: string; layer: string }[]
      const layer = list.find((one) => one.id === id)?.layer ?? ''
      return driver === 'vfs' ? `${graph}/vfs/dir/${layer}` : `${graph}/overlay/${layer}/diff`
    },
    words: [],
    again: () => call('start', NAME),
    end: () => call('rm', '--force', '--time', '0', NAME),
  }
}

const until = (test: () => boolean, what: string): void => {
  for (let tries = 0; tries < 600; tries++) {
    if (test()) return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
  throw new Error(`${what} is not there after a minute`)
}

const daemon = (socket: string, command: string, ...args: string[]): void => {
  if (fs.existsSync(socket)) return
  const out = fs.openSync(`/tmp/${basename(command)}.log`, 'a')
  spawn(command, args, { stdio: ['ignore', out, out], detached: true }).unref()
  until(() => fs.existsSync(socket), socket)
}

const SOCKET = '/run/containerd/containerd.sock'

const startContainerd = (): void => {
  const plugins = [
    'grpc.v1.cri',
    'cri.v1.images',
    'cri.v1.runtime',
    'podsandbox.controller.v1.podsandbox',
  ]
  const list = JSON.stringify(plugins.map((name) => `io.containerd.${name}`))
  write('/etc/containerd/config.toml', `version = 3\ndisabled_plugins = ${list}\n`)
  daemon(SOCKET, 'containerd')
  until(() => attempt('ctr', ['version']).code === 0, 'containerd')
}

/** Its archive is what podman saves. */
const saveImage = (): void => {
  if (fs.existsSync('/tmp/oci.tar')) return
  const aside = ['--root', '/tmp/aside', '--runroot', '/tmp/aside-run', '--storage-driver', 'vfs']
  must('podman', [...aside, 'import', '/tmp/image.tar', IMAGE])
  must('podman', [...aside, 'save', '-o', '/tmp/oci.tar', IMAGE])
}

let round = 0

const containerd = (name: string, abort?: () => void): Kind => {
  const images = `/srv/images/${++round}`
  let next = 0
  const bind = (source: string, to: string): string[] => [
    ...['--mount', `type=bind,src=${source},dst=${to},options=rbind:rw`],
  ]
  return {
    name: `containerd${name}`,
    start: () => {
      startContainerd()
      saveImage()
      must('ctr', ['images', 'import', '/tmp/oci.tar'])
      must('ctr', [
        ...['run', '--detach', '--null-io', '--cpu-shares', '0'],
        ...[...bind(DATA, '/data'), ...bind(LOGS, '/var/link/logs'), IMAGE, NAME, ...INSIDE],
      ])
    },
    checkpoint: () => {
      must('ctr', ['task', 'checkpoint', '--exit', '--image-path', `${images}/${++next}`, NAME])
    },
    layer: () => {
      // The last one that was made.
      const top = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots'
      const last = Math.max(...fs.readdirSync(top).map(Number))
      return `${top}/${last}/fs`
    },
    words: ['-D', `${images}/1`],
    ...(abort === undefined ? {} : { abort }),
    again: () => {
      attempt('ctr', ['task', 'rm', '--force', NAME])
      must('ctr', ['task', 'start', '--detach', '--null-io', NAME])
    },
    end: () => {
      attempt('ctr', ['task', 'rm', '--force', NAME])
      must('ctr', ['container', 'rm', NAME])
    },
  }
}

const docker: Kind = {
  name: 'docker',
  start: () => {
    startContainerd()
    daemon(
      '/run/docker.sock',
      'dockerd',
      ...['--experimental', '--iptables=false', '--ip6tables=false', '--bridge=none'],
      ...['--containerd', SOCKET, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--storage-driver', 'overlay2'],
    )
    until(() => attempt('docker', ['version']).code === 0, 'dockerd')
    must('docker', ['import', '/tmp/image.tar', 'holder'])
    must('docker', [
      ...['run', '--detach', '--name', NAME, '--network', 'none', '--ulimit', 'nofile=1024:1024'],
      ...['--volume', `${DATA}:/data`, '--volume', `${LOGS}:/var/link/logs`, 'holder', ...INSIDE],
    ])
  },
  checkpoint: () => {
    attempt('docker', ['checkpoint', 'rm', NAME, 'nightly'])
    must('docker', ['checkpoint', 'create', NAME, 'nightly'])
  },
  layer: () => line('docker', 'inspect', NAME, '--format', '{{.GraphDriver.Data.UpperDir}}'),
  words: [],
  again: () => must('docker', ['start', NAME]),
  end: () => must('docker', ['rm', '--force', NAME]),
}

const lxc: Kind = {
  name: 'LXC',
  start: () => {
    const root = `/var/lib/lxc/${NAME}/rootfs`
    fs.mkdirSync(root, { recursive: true })
    must('tar', ['-C', root, '-xf', '/tmp/image.tar'])
    write(
      `/var/lib/lxc/${NAME}/config`,
      [
        `lxc.rootfs.path = dir:${root}`,
        `lxc.uts.name = ${NAME}`,
        'lxc.net.0.type = empty',
        'lxc.console.path = none',
        'lxc.tty.max = 0',
        'lxc.apparmor.profile = unconfined',
        'lxc.mount.auto = proc:rw sys:ro',
        'lxc.autodev = 0',
        'lxc.cap.drop =',
        `lxc.mount.entry = ${DATA} data none bind 0 0`,
        `lxc.mount.entry = ${LOGS} var/real/logs none bind,create=dir 0 0`,
        `lxc.init.cmd = ${INSIDE.join(' ')}`,
        '',
      ].join('\n'),
    )
    must('lxc-start', ['-d', '-n', NAME])
  },
  checkpoint: () => {
    fs.rmSync('/srv/images/lxc', { recursive: true, force: true })
    must('lxc-checkpoint', ['-n', NAME, '-D', '/srv/images/lxc', '-s', '-v'])
  },
  layer: () => `/var/lib/lxc/${NAME}/rootfs`,
  words: ['-D', '/srv/images/lxc'],
  again: () => must('lxc-start', ['-d', '-n', NAME]),
  end: () => {
    attempt('lxc-stop', ['-k', '-n', NAME])
    fs.rmSync(`/var/lib/lxc/${NAME}`, { recursive: true, force: true })
  },
}

const incusd = (): void => {
  const places = ['/usr/libexec/incus/incusd', '/usr/sbin/incusd', '/usr/bin/incusd']
  daemon('/var/lib/incus/unix.socket', places.find(fs.existsSync) ?? 'incusd', '--group', 'root')
  must('incus', ['admin', 'waitready', '--timeout', '60'])
}

const incus: Kind = {
  name: 'Incus',
  start: () => {
    incusd()
    must('incus', ['storage', 'create', 'default', 'dir'])
    must('incus', ['profile', 'device', 'add', 'default', 'root', 'disk', 'path=/', 'pool=default'])
    write('/tmp/incus/metadata.yaml', 'architecture: x86_64\ncreation_date: 1700000000\n')
    const root = '/tmp/incus/rootfs'
    fs.mkdirSync(`${root}/sbin`, { recursive: true })
    must('tar', ['-C', root, '-xf', '/tmp/image.tar'])
    fs.copyFileSync(holder, `${root}/sbin/init`)
    must('tar', ['-C', '/tmp/incus', '-cf', '/tmp/incus.tar', 'metadata.yaml', 'rootfs'])
    must('incus', ['image', 'import', '/tmp/incus.tar', '--alias', 'holder'])
    must('incus', [
      ...['create', 'holder', NAME, '-c', 'security.privileged=true'],
      ...['-c', 'migration.stateful=true', '-c', `raw.lxc=lxc.init.cmd = ${INSIDE.join(' ')}`],
    ])
    for (const [name, source, at] of [
      ['data', DATA, '/data'],
      ['logs', LOGS, '/var/real/logs'],
    ] as const)
      must('incus', [
        ...['config', 'device', 'add', NAME, name, 'disk', `source=${source}`, `path=${at}`],
      ])
    must('incus', ['start', NAME])
  },
  checkpoint: () => must('incus', ['stop', '--stateful', NAME]),
  layer: () => `/var/lib/incus/storage-pools/default/containers/${NAME}/rootfs`,
  words: [],
  again: () => must('incus', ['start', '--stateless', NAME]),
  end: () => must('incus', ['delete', '--force', NAME]),
}

const KINDS: readonly Kind[] = [
  podman('overlay', 'runc'),
  podman('overlay', 'crun'),
  podman('vfs', 'runc'),
  containerd(''),
  containerd(', its task deleted', () => {
    must('ctr', ['task', 'rm', '--force', NAME])
  }),
  docker,
  lxc,
  incus,
]

const prepare = (): void => {
  // A machine may be used again.
  for (const left of ['containerd', 'docker', 'incus', `lxc/${NAME}`])
    fs.rmSync(join('/var/lib', left), { recursive: true, force: true })
  write('/etc/containers/policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}')
  write(
    '/etc/containers/containers.conf',
    '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\n[containers]\npids_limit=0\n',
  )
  for (const name of ['runc', 'crun'])
    write(`/etc/criu/${name}.conf`, 'link-remap\nnetwork-lock skip\n')
  const root = '/tmp/image'
  for (const name of ['dev', 'proc', 'sys', 'etc', 'run', 'app', 'data', 'tmp', 'var/real'])
    fs.mkdirSync(join(root, name), { recursive: true })
  fs.symlinkSync('real', join(root, 'var/link'))
  fs.copyFileSync(holder, join(root, 'holder'))
  fs.chmodSync(join(root, 'holder'), 0o755)
  must('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3'])
  must('tar', ['-C', root, '-cf', '/tmp/image.tar', '.'])
}

/** Names of links below these, and other names of their files. */
const namesIn = (trees: readonly string[], pattern: RegExp): string[] =>
  trees.flatMap((tree) =>
    fs
      .readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .filter((name) => pattern.test(name))
      .map((name) => join(tree, name)),
  )

const LINK = /(^|\/)link_remap\.\d+$/

const command = (...words: string[]): { code: number; document: unknown } => {
  const { code, stdout } = attempt(gc, [...words, '--json'])
  return { code, document: JSON.parse(stdout) }
}

const expect = (is: boolean, what: string): void => {
  if (!is) throw new Error(what)
}

const attemptAt = (kind: Kind): string => {
  for (const [tree, sub] of [
    [DATA, 'sub'],
    [LOGS, ''],
  ] as const) {
    fs.rmSync(tree, { recursive: true, force: true })
    fs.mkdirSync(join(tree, sub), { recursive: true })
  }
  fs.mkdirSync('/srv/images', { recursive: true })
  kind.start()
  const isHeld = (): boolean => fs.existsSync(`${LOGS}/kept`) && !fs.existsSync(`${LOGS}/old`)
  until(isHeld, 'what the container makes')
  kind.checkpoint()
  kind.abort?.()
  const trees = [kind.layer(), DATA, LOGS]
  const links = namesIn(trees, LINK)
  expect(links.length === 3, `${links.length} links of 3: ${links.join(' ')}`)
  const before = manifest(...trees)

  const listed = command('list').document as JsonList
  const name = kind.name.split(',')[0]?.toLowerCase() ?? ''
  const own = listed.containers.filter(
    ({ runtime, id, name: called }) => runtime === name && (called ?? id) === NAME,
  )
  expect(own.length === 1, `list has it ${own.length} times`)

  const { code, document } = command('clean', '--container', NAME, ...kind.words)
  const { totals, error } = document as JsonReport & { error?: { message: string } }
  expect(error === undefined, error?.message ?? '')
  expect(code === 0, `exit ${code}: ${JSON.stringify((document as JsonReport).remaps)}`)
  const wrong = onlyRemoved(before, manifest(...trees), links)
  expect(wrong.length === 0, `something else changed: ${JSON.stringify(wrong)}`)

  // The files of the first run would be in the way of the program, not of CRIU.
  for (const file of namesIn(trees, /(^|\/)kept$/)) fs.rmSync(file)
  kind.again()
  until(isHeld, 'what the container makes again')
  kind.checkpoint()
  return `${totals.removed} of ${links.length} removed, nothing else; started and checkpointed again`
}

prepare()
let failed = 0
for (const kind of KINDS) {
  let result: string
  try {
    result = attemptAt(kind)
  } catch (error) {
    failed += 1
    result = `FAILED: ${error instanceof Error ? error.message : String(error)}`
  }
  try {
    kind.end()
  } catch (error) {
    result += `; not ended: ${error instanceof Error ? error.message : String(error)}`
  }
  console.log(`| ${kind.name} | ${result.trim().replaceAll('\n', ' ')} |`)
}
process.exit(failed === 0 ? 0 : 1)
