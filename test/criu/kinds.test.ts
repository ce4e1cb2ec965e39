// What kind a real dump is told to be, in a mount namespace of its own (kinds.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideMountNamespace } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('kinds.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in a mount namespace of its own')
