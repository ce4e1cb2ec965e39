// criu-gc and restore agree about the links, in namespaces of its own (restore.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
