// Process ids and trees that are not as they seem, in namespaces of its own (living-tasks.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
