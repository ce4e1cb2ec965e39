// Another container's wanted checkpoint has a link to the same file, in namespaces of its own (living-shared.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
