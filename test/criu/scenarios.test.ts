// Every scenario with a real CRIU, in a mount namespace of its own (scenarios.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideMountNamespace } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('scenarios.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in a mount namespace of its own')
