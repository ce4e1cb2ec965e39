// Copies of images, and dumps close together, in namespaces of its own (copies.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
