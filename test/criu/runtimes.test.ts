// Containers of runc and crun, in namespaces of its own (runtimes.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { insideMountNamespace } from '../rig/namespace.js'
import { skipReason } from '../rig/runtime.js'

const skip = skipReason('runc') ?? skipReason('crun') ?? false
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('runtimes.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
