// What was moved, unmounted or swapped since the dump, in namespaces of its own (moved.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
