// Dumps that are killed at any moment, of trees that live on, in namespaces of its own (living-killed.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
