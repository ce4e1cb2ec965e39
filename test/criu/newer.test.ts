// Links of a newer dump survive a clean-up with older images, in namespaces of its own (newer.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
