// What clean-ups did themselves, in namespaces of its own (acts.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
