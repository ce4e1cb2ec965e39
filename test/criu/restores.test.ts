// Restores that failed, in namespaces of its own (restores.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
