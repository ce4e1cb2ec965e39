// Batteries mount things and kill programs that do: they run in namespaces of
// their own, as root: what tests beside them mount and start is not seen.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { insideSharedNamespaces, isInside } from '../rig/namespace.js'
import { watchTables } from '../rig/tables.js'

/**
 * Runs the tests of a file in a private mount and pid namespace: the file starts itself once more. Or
 * several times at once, where its tests wait for most of the time: `tests` is called in each with its
 * number, in namespaces of its own.
 */
export const battery = async (
  url: string,
  tests: (share: number) => Promise<void>,
  shares = 1,
): Promise<void> => {
  if (process.getuid?.() !== 0) {
    t.pass('needs root', { skip: 'needs root' })
    return
  }
  // Whatever may hang in a battery has a watch of its own; the whole file has that of tap's command.
  t.setTimeout(0)
  if (isInside()) {
    const look = watchTables()
    await tests(Number(process.argv[2]))
    look()
    return
  }
  t.jobs = shares
  await Promise.all(
    Array.from({ length: shares }, (_, share) => {
      const [command, args] = insideSharedNamespaces(fileURLToPath(url))
      const name = `in a private mount namespace${shares > 1 ? `, ${share + 1} of ${shares}` : ''}`
      return t.spawn(command, [...args, String(share)], { buffered: shares > 1 }, name)
    }),
  )
}
