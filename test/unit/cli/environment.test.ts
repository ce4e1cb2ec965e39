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
