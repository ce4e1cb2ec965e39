// criu-gc and restore agree about the links, in namespaces of its own (restore.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { insideOwnNamespaces } from '../rig/namespace.js'

const skip = skipReason() ?? false
const [command, args] = insideOwnNamespaces(
  fileURLToPath(new URL('restore.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')
