// How tests get into namespaces of their own, as root: they mount things and kill programs that do, and what
// tests beside them mount is not seen.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from './criu.js'
import { insideMountNamespace, insideSharedNamespaces, isInside } from './namespace.js'
import { watchTables } from './tables.js'

interface Inside {
  /**
   * How many times at once, where the tests wait for most of the time: they are called in each with its
   * number, in namespaces of its own.
   */
  readonly shares?: number
  /** for unshare(1) */
  readonly more?: readonly string[]
}

/**
 * Runs the tests of a file in a private mount namespace, and looks at the mount tables before them and
 * after: the file starts itself once more.
 */
export async function inside(
  url: string,
  tests: (share: number) => void | Promise<void>,
  { shares = 1, more = [] }: Inside = {},
): Promise<void> {
  if (process.getuid?.() !== 0) {
    t.pass('needs root', { skip: 'needs root' })
    return
  }
  // Whatever may hang has a watch of its own; the whole file has that of tap's command.
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
      const [command, args] = insideSharedNamespaces(fileURLToPath(url), more)
      const name = `in a private mount namespace${shares > 1 ? `, ${share + 1} of ${shares}` : ''}`
      return t.spawn(command, [...args, String(share)], { buffered: shares > 1 }, name)
    }),
  )
}

/**
 * The outer half of a test with a real CRIU: NAME.test.js runs NAME.inner.js in a mount namespace of its
 * own, or says why it cannot. `url` is that of the outer file.
 */
export async function runInner(url: string, reason = skipReason()): Promise<void> {
  const inner = fileURLToPath(url).replace(/\.test\.js$/, '.inner.js')
  const [command, args] = insideMountNamespace(inner)
  await t.spawn(command, args, { skip: reason ?? false }, 'in a mount namespace of its own')
}
