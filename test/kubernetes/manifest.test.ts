// examples/kubernetes/daemonset.yaml is what Kubernetes takes, and fits the script and the image beside it.
import fs from 'node:fs'
import { DaemonSet, type IDaemonSet } from 'kubernetes-models/apps/v1'
import t from 'tap'
import { parse } from 'yaml'
import { VERSION } from '../../src/version.js'
import { inRepo } from '../rig/repo.js'

const read = (name: string): string => fs.readFileSync(inRepo('examples/kubernetes', name), 'utf8')
const parsed = (): IDaemonSet => parse(read('daemonset.yaml')) as IDaemonSet
const [script, containerfile] = [read('clean-archives'), read('Containerfile')]

t.test('its schema', (t) => {
  new DaemonSet(parsed()).validate()
  const wrong = parsed()
  Object.assign(wrong.spec?.template.spec ?? {}, { hostPID: 'yes' })
  t.throws(() => {
    new DaemonSet(wrong).validate()
  }, /hostPID/)
  t.strictSame(
    parsed().spec?.selector.matchLabels,
    parsed().spec?.template.metadata?.labels,
    'it finds its own pods',
  )
  t.end()
})

t.test('what the script needs', (t) => {
  const pod = parsed().spec?.template.spec
  const [container] = pod?.containers ?? []
  t.equal(pod?.hostPID, true)
  t.equal(container?.securityContext?.privileged, true)
  t.match(container?.volumeMounts, [
    { name: 'host', mountPath: '/host', mountPropagation: 'HostToContainer' },
  ])
  t.match(pod?.volumes, [{ name: 'host', hostPath: { path: '/' } }])
  const known = [...script.matchAll(/\$\{([A-Z]+):-/g)].map(([, name]) => name)
  for (const { name, value } of container?.env ?? []) {
    t.ok(known.includes(name), name)
    t.match(script, `\${${name}:-${value}}`, 'as where nothing is said')
  }
  t.end()
})

t.test('the image', (t) => {
  const [image = ''] = parsed().spec?.template.spec?.containers.map((one) => one.image) ?? []
  t.match(image, new RegExp(`:${VERSION.replaceAll('.', '\\.')}$`))
  t.match(containerfile, `-t ${image} `)
  t.match(containerfile, /^COPY criu-gc-node_\*\.deb /m)
  t.match(containerfile, /^COPY --chmod=0755 clean-archives (\S+)\n^ENTRYPOINT \["\1"\]$/m)
  t.match(script, 'home=${CRIU_GC_HOME:-/usr/lib/criu-gc} node=${CRIU_GC_NODE:-$home/node}')
  t.end()
})
