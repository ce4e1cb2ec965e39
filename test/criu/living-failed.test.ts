// Dumps that fail by themselves, or leave the processes alive, in namespaces of its own (living-failed.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
