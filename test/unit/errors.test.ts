import { badImages, errorCode, EXIT, GcError, orRefused, usage } from '../../src/errors.js'
import { test } from './support/check.js'

test('the exit codes are the contract', (t) => {
  t.strictSame(EXIT, {
    clean: 0,
    internal: 1,
    usage: 2,
    leftovers: 3,
    incomplete: 4,
    refused: 5,
    busy: 6,
    'bad-images': 7,
    unsupported: 8,
    alarm: 9,
    interrupted: 128,
  })
})

test('an error carries what to say', (t) => {
  const cause = new Error('below')
  const error = new GcError('busy', 'held', { where: '/d', next: 'wait', cause })
  const { exit, message, where, next, name } = error
  t.strictSame([exit, message, where, next, name], ['busy', 'held', '/d', 'wait', 'GcError'])
  t.equal(error.cause, cause)
  t.notOk('cause' in new GcError('busy', 'held'))
  t.equal(badImages('x').exit, 'bad-images')
  t.equal(usage('x').exit, 'usage')
})

test('the code of an error', (t) => {
  t.equal(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT')
  t.equal(errorCode(Object.assign(new Error('x'), { code: 5 })), undefined)
  t.equal(errorCode(new Error('x')), undefined)
  t.equal(errorCode({ code: 'ENOENT' }), undefined)
})

test('our own reasons are taken in the place of what there is none of, and no other error', (t) => {
  t.equal(
    orRefused(
      () => 'there',
      ({ message }) => message,
    ),
    'there',
  )
  const refuse = (): string => {
    throw usage('not there')
  }
  t.equal(
    orRefused(refuse, ({ message }) => message),
    'not there',
  )
  const fail = (): string => {
    throw new TypeError('a bug')
  }
  t.throws(() => orRefused(fail, () => 'hidden'), TypeError)
})
