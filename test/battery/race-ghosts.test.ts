// Races with the removal of ghost files (races.ts).
import { race } from './races.js'

await race(import.meta.url, 'ghosts', {
  'swap-parent': { share: 0.03, hits: ['failed'] },
  'swap-target': { share: 0.25, hits: ['failed', 'kept foreign', 'alarm'] },
  cover: { share: 0.5, hits: [] },
  churn: { share: 0.5, hits: [] },
})
