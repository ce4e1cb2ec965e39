// Dumps every scenario and says what it left: to look at what CRIU does, without criu-gc.
//   node out/test/criu/try.js [SCENARIO...]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { skipReason } from '../rig/criu.js'
import { insideMountNamespace, isInside } from '../rig/namespace.js'
import { checkpoint } from '../rig/scenario.js'
import { scenario, scenarios } from '../rig/scenarios.js'

const reason = skipReason()
if (reason) {
  console.log(reason)
  process.exit(1)
}
const names = process.argv.slice(2)

if (!isInside()) {
  const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
  process.exit(spawnSync(command, [...args, ...names], { stdio: 'inherit' }).status ?? 1)
}

for (const one of names.length ? names.map(scenario) : scenarios) {
  try {
    const made = await checkpoint(one)
    const places = new Set(made.links.map(({ outside }) => outside.replace(made.base, '')))
    console.log(
      `ok ${one.name}: ${made.remaps.length} remaps, ${made.links.length} links in`,
      [...places].join(' ') || 'no folder',
      made.vanished.length ? `, vanished ${made.vanished.join(' ')}` : '',
    )
    made.cleanup()
  } catch (error) {
    console.log(`FAILED ${one.name}: ${String(error)}`)
    process.exitCode = 1
  }
}
