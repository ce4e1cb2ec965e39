// A directory that two dumps wrote into, in namespaces of its own (twice.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
