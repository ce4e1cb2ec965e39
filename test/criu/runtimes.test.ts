// Containers of runc and crun, in a mount namespace of its own (runtimes.inner.ts).
import { runInner } from '../rig/inner.js'
import { skipReason } from '../rig/runtime.js'

await runInner(import.meta.url, skipReason('runc') ?? skipReason('crun'))
