// Races with a clean-up of what images list (races.ts). A battery in which the command keeps most of the links for some
// other reason has not raced with a deletion. Measured on two cores, idle and busy: 0.22 to 0.48, 0.74 to 0.98, 1, 0.98.
import { race } from './races.js'

await race(import.meta.url, 'images', {
  'swap-parent': { share: 0.03, hits: ['kept unsafe-path'] },
  'swap-target': { share: 0.25, hits: ['kept type', 'alarm'] },
  cover: { share: 0.5, hits: [] },
  churn: { share: 0.5, hits: [] },
})
