// Races with the clean-up of a living container, by the files that it holds (races.ts).
import { race } from './races.js'

await race(import.meta.url, 'pid', {
  'swap-parent': { share: 0.03, hits: ['kept unsafe-path'] },
  'swap-target': { share: 0.25, hits: ['kept type', 'kept inode', 'alarm'] },
  cover: { share: 0.3, hits: ['kept wrong-mount', 'kept unsafe-path'] },
  churn: { share: 0.5, hits: [] },
})
