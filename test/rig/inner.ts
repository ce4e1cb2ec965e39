// The outer half of a test with a real CRIU: it starts the inner one in a mount namespace of its own, or says
// why it cannot.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipReason } from './criu.js'
import { insideMountNamespace } from './namespace.js'

/** `url` is that of the outer file: NAME.test.js runs NAME.inner.js */
export async function runInner(url: string): Promise<void> {
  const inner = fileURLToPath(url).replace(/\.test\.js$/, '.inner.js')
  const [command, args] = insideMountNamespace(inner)
  await t.spawn(command, args, { skip: skipReason() ?? false }, 'in a mount namespace of its own')
}
