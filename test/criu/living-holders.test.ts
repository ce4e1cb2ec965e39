// Whoever and whatever holds the file of a link, in namespaces of its own (living-holders.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
