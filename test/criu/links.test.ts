// Where `links` says that they are, with a real CRIU, in a mount namespace of their own (links.inner.ts).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
