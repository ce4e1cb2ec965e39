// What kind a real dump is told to be, in a mount namespace of its own (kinds.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
