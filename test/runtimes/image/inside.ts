// In the machine of ../run.ts: the image of examples/kubernetes is built as its Containerfile says, but for the registry
// that its base comes from, and is run as the manifest says on a real archive in the kubelet's folder.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import type { IDaemonSet } from 'kubernetes-models/apps/v1'
import { parse } from 'yaml'
import { manifest, onlyRemoved } from '../../rig/manifest.js'
import { inRepo } from '../../rig/repo.js'
import { must, quote, sh } from '../aborts/engine.js'
import { podman } from '../aborts/engines/podman.js'
import { HOLDER, makeRootfs } from '../aborts/rootfs.js'

const [holder = '', packages = ''] = process.argv.slice(2)

const BASE = '/opt/debian-13.tar'
const CONTEXT = '/var/lib/trial/context'
const KEPT = '/var/lib/kubelet/checkpoints'
const TREES = ['/var/lib/trial/data', '/var/lib/trial/other']
const WEEKS = 14 * 86_400

/** Others than the machine's own cannot be had in it. */
const LIMITS = '--ulimit nofile=1024:1024 --ulimit nproc=1000:1000'

const example = (name: string): string => inRepo('examples/kubernetes', name)

const podOf = () => {
  const { spec } = parse(readFileSync(example('daemonset.yaml'), 'utf8')) as IDaemonSet
  const pod = spec?.template.spec
  const [container] = pod?.containers ?? []
  if (pod === undefined || container === undefined) throw new Error('no pod in daemonset.yaml')
  return { pod, container }
}

/** What a kubelet would ask its runtime for. */
const wordsOf = (environment: Readonly<Record<string, string>>): string[] => {
  const { pod, container } = podOf()
  const { securityContext, volumeMounts = [], env = [], image = '' } = container
  const variables = { ...Object.fromEntries(env.map((one) => [one.name, one.value ?? ''])) }
  const places = volumeMounts.map(({ name, mountPath, mountPropagation }) => {
    const host = pod.volumes?.find((one) => one.name === name)?.hostPath?.path ?? ''
    const propagation = mountPropagation === 'HostToContainer' ? 'rslave' : 'rprivate'
    return `--volume=${host}:${mountPath}:${propagation}`
  })
  return [
    ...['run', ...LIMITS.split(' '), '--rm', '--network=none', '--read-only-tmpfs=false'],
    ...(securityContext?.privileged === true ? ['--privileged'] : []),
    ...(securityContext?.readOnlyRootFilesystem === true ? ['--read-only'] : []),
    ...(pod.hostPID === true ? ['--pid=host'] : []),
    ...Object.entries({ ...variables, ...environment }).map(
      ([name, value]) => `-e=${name}=${value}`,
    ),
    ...places,
    image,
  ]
}

const expect = (is: boolean, what: string): void => {
  if (!is) throw new Error(what)
}

const buildImage = (): void => {
  must(`rm -rf ${CONTEXT} && mkdir -p ${CONTEXT}`)
  const [deb = ''] = readdirSync(packages).filter((name) =>
    /^criu-gc-node_.*_amd64\.deb$/.test(name),
  )
  copyFileSync(`${packages}/${deb}`, `${CONTEXT}/${deb}`)
  for (const name of ['Containerfile', 'clean-archives'])
    copyFileSync(example(name), `${CONTEXT}/${name}`)
  const [, base = ''] = /^FROM (\S+)$/m.exec(readFileSync(example('Containerfile'), 'utf8')) ?? []
  must(`podman import ${BASE} ${base}`)
  // No name server is there, either: what apt is told to get has to be in the folder.
  must(
    `podman build ${LIMITS} --network=host --pull=never -t ${podOf().container.image ?? ''} ${CONTEXT}`,
  )
}

/** Of a container that is stopped then. Its links. */
const makeArchive = (): {
  readonly trees: readonly string[]
  readonly links: readonly string[]
} => {
  const engine = podman('podman', { runtime: 'runc', storage: 'overlay' })
  engine.begin()
  for (const tree of TREES) {
    rmSync(tree, { recursive: true, force: true })
    mkdirSync(tree, { recursive: true })
  }
  const [data = '', other = ''] = TREES
  const hold = [
    'hold',
    '/app/old',
    '/app/kept',
    '10',
    '644',
    'hold',
    '/data/old',
    '/data/kept',
    '20',
    '600',
  ]
  const volumes = { data, other, named: 'trial-image-files' }
  const { trees, export: give } = engine.create('trial-image', volumes, [
    '/holder',
    'stdio',
    ...hold,
  ])
  must(
    `for n in $(seq 200); do [ ! -e ${data}/kept ] || [ -e ${data}/old ] || exit 0; sleep .1; done; exit 1`,
  )
  mkdirSync(KEPT, { recursive: true })
  const archive = `${KEPT}/checkpoint-trial_default-holder-2026-11-12T06:30:00Z.tar`
  const done = give?.(archive)
  expect(done?.code === 0, `export: ${done?.stdout ?? ''}`)
  const then = Date.now() / 1000 - WEEKS
  utimesSync(archive, then, then)
  const links = must(`find ${trees.join(' ')} -name 'link_remap.*'`).split('\n')
  expect(links.length === 2, `${links.length} links: ${links.join(' ')}`)
  return { trees, links }
}

/** But for those that podman makes and takes away for itself, at its leisure. */
const hostMounts = (): string =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((place) => !/^\/(?:run|var\/lib)\/containers\/|^\/run\/netns/.test(place))
    .join(' ')

const tryImage = (): string => {
  buildImage()
  const { trees, links } = makeArchive()
  const before = manifest(...trees)
  const run = (environment: Readonly<Record<string, string>>): string =>
    must(
      `podman ${wordsOf({ HOURS: '0', ...environment })
        .map(quote)
        .join(' ')}`,
    )
  const shown = run({})
  expect(/\.tar: exit code 3$/m.test(shown), `as the manifest is: ${shown}`)
  const touched = onlyRemoved(before, manifest(...trees), [])
  expect(touched.length === 0, `as the manifest is, it touches: ${touched.join(' ')}`)
  const mounts = hostMounts()
  const cleaned = run({ ACT: 'clean' })
  expect(/\.tar: exit code 0$/m.test(cleaned), `with ACT=clean: ${cleaned}`)
  const wrong = onlyRemoved(before, manifest(...trees), links)
  expect(wrong.length === 0, `with ACT=clean: ${wrong.join(' ')}`)
  expect(hostMounts() === mounts, `it left a mount: ${hostMounts()}`)
  return `built; ${links.length} of ${links.length} removed, nothing else`
}

must('umount /var/lib/containers/storage/overlay 2>/dev/null; rm -rf /var/lib/containers')
mkdirSync('/var/lib/trial', { recursive: true })
copyFileSync(holder, HOLDER)
mkdirSync('/etc/criu', { recursive: true })
must('echo link-remap >/etc/criu/runc.conf; mkdir -p /etc/containers')
must(`echo '{"default":[{"type":"insecureAcceptAnything"}]}' >/etc/containers/policy.json`)
makeRootfs()
let result: string
let code = 0
try {
  result = tryImage()
} catch (error) {
  result = `FAILED: ${error instanceof Error ? error.message : String(error)}`
  code = 1
} finally {
  sh(`podman rm -f -t 0 trial-image; rm -rf ${KEPT}`)
}
console.log(`| the image of examples/kubernetes | ${result.trim()} |`)
process.exit(code)
