import { spawnSync } from 'node:child_process'
import { refuseEnvironment } from '../../../src/cli/environment.js'
import { refuses, test } from '../support/check.js'

test('what makes Node or the loader do something', (t) => {
  const names = [
    'NODE_OPTIONS', 'NODE_PATH', 'NODE_V8_COVERAGE', 'NODE_REDIRECT_WARNINGS', 'NODE_CHANNEL_FD',
    'OPENSSL_CONF', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'LD_ANYTHING', 'GCONV_PATH',
  ] // prettier-ignore
  for (const name of names)
    refuses(t, () => refuseEnvironment({ [name]: 'x' }), 'refused', new RegExp(`: ${name}$`))
})

// "Environment variables" of `node --help`: the same of 20.20, 22.23 and 24.21.
const HELP = [
  'FORCE_COLOR', 'NO_COLOR', 'NODE_DEBUG', 'NODE_DEBUG_NATIVE', 'NODE_DISABLE_COLORS',
  'NODE_EXTRA_CA_CERTS', 'NODE_NO_WARNINGS', 'NODE_PATH', 'NODE_PENDING_DEPRECATION',
  'NODE_PENDING_PIPE_INSTANCES', 'NODE_PRESERVE_SYMLINKS', 'NODE_REDIRECT_WARNINGS',
  'NODE_REPL_EXTERNAL_MODULE', 'NODE_REPL_HISTORY', 'NODE_SKIP_PLATFORM_CHECK',
  'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_V8_COVERAGE', 'TZ', 'UV_THREADPOOL_SIZE',
] // prettier-ignore
/** Of the programs themselves, which their help does not name. */
const HIDDEN = [
  'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_CLUSTER_SCHED_POLICY', 'NODE_COMPILE_CACHE',
  'NODE_COMPILE_CACHE_PORTABLE', 'NODE_DISABLE_COMPILE_CACHE', 'NODE_ICU_DATA', 'NODE_OPTIONS',
  'NODE_PRESERVE_SYMLINKS_MAIN', 'NODE_UNIQUE_ID', 'NODE_USE_ENV_PROXY', 'NODE_USE_SYSTEM_CA',
  'NODE_V8_COVERAGE', 'ICU_TIMEZONE_FILES_DIR', 'UV_USE_IO_URING', 'OPENSSL_MODULES', 'OPENSSL_ENGINES',
  'GLIBC_TUNABLES', 'MALLOC_ARENA_MAX',
] // prettier-ignore
/** Colours and the time zone steer nothing. */
const HARMLESS = ['FORCE_COLOR', 'NO_COLOR', 'TZ']

test('every variable of Node 20 to 24, and of the Node that runs this', (t) => {
  const { stdout } = spawnSync(process.execPath, ['--help'], { encoding: 'utf8' })
  const [, section = ''] = stdout.split('Environment variables:')
  const own = [...section.matchAll(/^([A-Z][A-Z0-9_]+)/gm)].map(([name]) => name)
  t.ok(own.includes('NODE_PATH'), 'its help names them')
  for (const name of new Set([...HELP, ...HIDDEN, ...own]))
    if (HARMLESS.includes(name)) t.doesNotThrow(() => refuseEnvironment({ [name]: 'x' }), name)
    else refuses(t, () => refuseEnvironment({ [name]: 'x' }), 'refused', new RegExp(`: ${name}$`))
})

test('all that were found are named', (t) => {
  const error = refuses(
    t,
    () => refuseEnvironment({ PATH: 'x', LD_PRELOAD: 'x', NODE_OPTIONS: 'x' }),
    'refused',
    /: LD_PRELOAD, NODE_OPTIONS$/,
  )
  t.match(error?.next, /nothing was touched.*--allow-environment/)
})

test('an empty one does nothing, and others are nobody’s business', (t) => {
  t.doesNotThrow(() =>
    refuseEnvironment({
      LD_PRELOAD: '',
      NODE_OPTIONS: '',
      PATH: 'x',
      HOME: 'x',
      NO_COLOR: '1',
      LDX: 'x',
    }),
  )
  t.doesNotThrow(() => refuseEnvironment({}))
})
