// Races with a scan below a directory (races.ts): what its walk found may be elsewhere when it goes.
import { race } from './races.js'

await race(import.meta.url, 'scan', {
  'swap-parent': { share: 0, hits: ['kept unsafe-path'] },
  'swap-target': { share: 0.25, hits: ['kept type', 'kept inode'] },
  cover: { share: 0.5, hits: [] },
  churn: { share: 0.3, hits: [] },
})
