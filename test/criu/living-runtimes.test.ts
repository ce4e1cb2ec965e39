// Checkpoints of runc and podman that are killed, in a mount namespace of its own (living-runtimes.inner.ts).
import { runInner } from '../rig/inner.js'
import { skipReason } from '../rig/runtime.js'

await runInner(import.meta.url, skipReason('runc'))
