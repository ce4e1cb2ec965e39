// What killed dumps leave, in namespaces of its own (killed.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
