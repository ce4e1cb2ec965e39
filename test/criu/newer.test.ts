// Links of a newer dump survive a clean-up with older images, in namespaces of its own (newer.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideMountNamespace } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('newer.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
