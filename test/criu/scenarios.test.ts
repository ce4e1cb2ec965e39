// Every scenario with a real CRIU, in a mount namespace of its own (scenarios.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
