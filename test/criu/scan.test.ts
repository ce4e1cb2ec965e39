// Links of killed dumps that only scan finds, in namespaces of its own (scan.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
