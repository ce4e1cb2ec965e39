// Archives of what a real CRIU dumped, in a mount namespace of their own (archives.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
