// Links of other checkpoints and in other places, in namespaces of its own (places.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideMountNamespace } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('places.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
