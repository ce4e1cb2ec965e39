// Some variables act before the first line of ours does: they make Node or the loader run, load or
// write something. As root that is too late to undo, so that a run with them is refused. New releases of
// Node bring new ones (NODE_COMPILE_CACHE loads code), so that whole families are refused and none of them
// is allowed.
import { GcError } from '../errors.js'

/** Of Node, of what is built into it, of the loader and the C library. */
const FAMILIES = ['NODE_', 'UV_', 'ICU_', 'OPENSSL_', 'LD_', 'GLIBC_', 'MALLOC_', 'GCONV_']
// Not SSL_CERT_FILE and SSL_CERT_DIR: they only name certificates, which nothing here uses.

const acts = (name: string): boolean => FAMILIES.some((family) => name.startsWith(family))

/** @throws GcError refused. */
export const refuseEnvironment = (env: NodeJS.ProcessEnv): void => {
  const found = Object.keys(env).filter((name) => acts(name) && env[name] !== '')
  if (found.length === 0) return
  throw new GcError('refused', `the environment steers Node or the loader: ${found.join(', ')}`, {
    next: 'nothing was touched; run the criu-gc command itself, which clears the environment, or add --allow-environment',
  })
}
