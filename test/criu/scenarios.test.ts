// Every scenario with a real CRIU, in namespaces of its own (scenarios.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideOwnNamespaces } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideOwnNamespaces(
  fileURLToPath(new URL('scenarios.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
