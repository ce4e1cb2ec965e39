// What kind a real dump is told to be, in namespaces of its own (kinds.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideOwnNamespaces } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideOwnNamespaces(
  fileURLToPath(new URL('kinds.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
