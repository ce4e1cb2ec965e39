// Some variables act before the first line of ours does: they make Node or the loader run, load or
// write something. As root that is too late to undo, so that a run with them is refused.
import { GcError } from '../errors.js'

const NAMES = new Set([
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_V8_COVERAGE',
  'NODE_REDIRECT_WARNINGS',
  'NODE_REPL_EXTERNAL_MODULE',
  'NODE_CHANNEL_FD',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
  'GCONV_PATH',
])
// Not NODE_EXTRA_CA_CERTS and SSL_CERT_FILE: they only name certificates, which nothing here uses.

const acts = (name: string): boolean => NAMES.has(name) || name.startsWith('LD_')

/** @throws GcError refused. */
export const refuseEnvironment = (env: NodeJS.ProcessEnv): void => {
  const found = Object.keys(env).filter((name) => acts(name) && env[name] !== '')
  if (found.length === 0) return
  throw new GcError('refused', `the environment steers Node or the loader: ${found.join(', ')}`, {
    next: 'nothing was touched; run the criu-gc command itself, which clears the environment, or add --allow-environment',
  })
}
