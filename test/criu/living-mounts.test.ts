// One file that a container reaches through more than one mount, in namespaces of its own (living-mounts.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
