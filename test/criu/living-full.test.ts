// Dumps into a file system that gets full, of a container that lives on, in namespaces of its own (living-full.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
