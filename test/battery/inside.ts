// Batteries mount things and kill programs that do: they run in namespaces of
// their own, as root: what tests beside them mount and start is not seen.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { insideSharedNamespaces, isInside } from '../rig/namespace.js'
import { watchTables } from '../rig/tables.js'

/** Runs the tests of a file in a private mount and pid namespace: the file starts itself once more. */
export const battery = async (url: string, tests: () => Promise<void>): Promise<void> => {
  if (process.getuid?.() !== 0) {
    t.pass('needs root', { skip: 'needs root' })
    return
  }
  // A machine that does other things besides takes several times as long.
  t.setTimeout(900_000)
  if (isInside()) {
    const look = watchTables()
    await tests()
    look()
    return
  }
  const [command, args] = insideSharedNamespaces(fileURLToPath(url))
  await t.spawn(command, args, {}, 'in a private mount namespace')
}
