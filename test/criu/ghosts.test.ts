// Ghost files that a killed restore left (ghosts.inner.ts says more).
import { runInner } from '../rig/inner.js'

await runInner(import.meta.url)
