// Examples that are for runtimes, with real ones, in a mount namespace of its own (examples.inner.ts).
import { runInner } from '../rig/inner.js'
import { skipReason } from '../rig/runtime.js'

await runInner(import.meta.url, skipReason('runc') ?? skipReason('crun'))
