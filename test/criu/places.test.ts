// Links of other checkpoints and in other places, in namespaces of its own (places.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
