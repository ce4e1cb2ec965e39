// Every scenario with a real CRIU, in namespaces of its own (scenarios.inner.ts).
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from '../rig/criu.js'
import { diffMountinfo, mountinfo } from '../rig/mountinfo.js'
import { insideMountNamespace } from '../rig/namespace.js'

const skip = skipReason() ?? false
const before = mountinfo()
const [command, args] = insideMountNamespace(
  fileURLToPath(new URL('scenarios.inner.js', import.meta.url)),
)
await t.spawn(command, args, { skip }, 'in namespaces of its own')

t.test("the machine's mount table is as before", { skip }, (t) => {
  t.strictSame(diffMountinfo(before, mountinfo()), [])
  t.end()
})
