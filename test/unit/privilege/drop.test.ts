import { dropPrivileges } from '../../../src/privilege/drop.js'
import { Sys } from '../../../src/sys/sys.js'
import { refuses, test } from '../support/check.js'
import { FakeAddon, type Name } from '../sys/fake-addon.js'

const [KEEPCAPS, DUMPABLE, BOUNDING_DROP, NO_NEW_PRIVS, AMBIENT] = [8, 4, 24, 38, 47]
const [DAC_OVERRIDE, FOWNER] = [1, 3]
const LAST_CAPABILITY = 40
const KEPT = 2 ** DAC_OVERRIDE + 2 ** FOWNER

/** A kernel with 41 capabilities, and Landlock. */
const make = (): FakeAddon =>
  new FakeAddon()
    .on('prctl', (operation, capability) =>
      operation === BOUNDING_DROP && (capability as number) > LAST_CAPABILITY ? -22 : 0,
    )
    .on('landlock_create_ruleset', (rights) => (rights === 0 ? 7 : undefined))

const prctls = (addon: FakeAddon, operation: number): unknown[] =>
  addon.of('prctl').flatMap(({ args }) => (args[0] === operation ? [args[1]] : []))

test('two capabilities are left, and none can come back', (t) => {
  const addon = make()
  dropPrivileges(new Sys(addon))
  t.strictSame(addon.of('capset').at(-1)?.args, [KEPT, KEPT])
  const all = Array.from({ length: LAST_CAPABILITY + 1 }, (_, capability) => capability)
  t.strictSame(
    prctls(addon, BOUNDING_DROP).filter((one) => (one as number) <= LAST_CAPABILITY),
    all.filter((one) => one !== DAC_OVERRIDE && one !== FOWNER),
    'the bounding set',
  )
  t.strictSame(prctls(addon, AMBIENT), [4], 'the ambient set')
  t.strictSame(prctls(addon, NO_NEW_PRIVS), [1])
  t.strictSame(prctls(addon, DUMPABLE), [0])
})

test('the order is one in which each step is still permitted', (t) => {
  const addon = make()
  dropPrivileges(new Sys(addon))
  const at = (name: Name, ...args: readonly unknown[]): number => {
    const index = addon.calls.findIndex(
      (call) => call.name === name && args.every((arg, i) => arg === call.args[i]),
    )
    if (index < 0) t.fail(`no ${name}(${args.join(', ')})`)
    return index
  }
  const order = [
    at('prctl', KEEPCAPS, 1),
    at('setresuid', 65534),
    at('capset'),
    at('thread_setresuid', 0),
    at('prctl', BOUNDING_DROP, 0),
    at('capset', KEPT, KEPT),
    at('prctl', NO_NEW_PRIVS, 1),
    at('seccomp'),
  ]
  t.strictSame(
    order,
    [...order].sort((a, b) => a - b),
  )
  t.ok(at('setgroups') < at('setresuid', 65534), 'groups while that is still permitted')
  t.ok(at('chdir', '/') < at('setresuid', 65534), 'and no working directory of anybody’s')
})

test('the filter is for all threads', (t) => {
  const addon = make()
  dropPrivileges(new Sys(addon))
  t.strictSame(
    addon.of('seccomp').map(({ args }) => args[0]),
    [1],
  )
})

test('a step that is refused ends the run, with nothing deleted', (t) => {
  const steps: readonly Name[] = [
    'chdir', 'setgroups', 'setresuid', 'capset', 'thread_setresuid', 'seccomp',
  ] // prettier-ignore
  for (const name of steps) {
    const addon = make().on(name, () => -1)
    const error = refuses(
      t,
      () => dropPrivileges(new Sys(addon)),
      'unsupported',
      /privileges cannot be dropped: EPERM/,
      name,
    )
    t.match(error?.next, /nothing was deleted/)
  }
  for (const operation of [KEEPCAPS, AMBIENT, NO_NEW_PRIVS, DUMPABLE, BOUNDING_DROP]) {
    const addon = new FakeAddon().on('prctl', (given) => (given === operation ? -1 : 0))
    refuses(t, () => dropPrivileges(new Sys(addon)), 'unsupported', /EPERM/, String(operation))
  }
})

test('what the dropping itself needs is kept until then', (t) => {
  const [SETUID, SETPCAP] = [7, 8]
  const needed = KEPT + 2 ** SETUID + 2 ** SETPCAP
  const addon = make()
  dropPrivileges(new Sys(addon))
  t.strictSame(addon.of('capset')[0]?.args, [needed, needed])
})

test('the first capability that the kernel does not know is the last that is asked for', (t) => {
  const addon = make()
  dropPrivileges(new Sys(addon))
  t.equal(Math.max(...(prctls(addon, BOUNDING_DROP) as number[])), LAST_CAPABILITY + 1)
})

test('a bug is not a missing privilege', (t) => {
  const addon = make().on('chdir', () => {
    throw new TypeError('bug')
  })
  t.throws(() => dropPrivileges(new Sys(addon)), TypeError)
})

test('Landlock, before the filter and after no_new_privs', (t) => {
  const addon = make()
  dropPrivileges(new Sys(addon))
  const [, ruleset] = addon.of('landlock_create_ruleset')
  t.equal(ruleset?.args[0], 0x5fd3)
  const order = addon.order('prctl', 'landlock_restrict_self', 'seccomp')
  t.strictSame(order.slice(-2), ['landlock_restrict_self', 'seccomp'])
  t.strictSame([...addon.open.keys()], [7], 'nothing but the version, which is no descriptor')
})

test('an older Landlock, and none', (t) => {
  // A version refuses rights that it does not know; each knows those of the ones before.
  for (const [version, rights] of [
    [1, 0x1fd3],
    [2, 0x1fd3],
    [3, 0x5fd3],
    [4, 0x5fd3],
  ] as const) {
    const old = make().on('landlock_create_ruleset', (asked) => (asked === 0 ? version : undefined))
    dropPrivileges(new Sys(old))
    t.equal(old.of('landlock_create_ruleset')[1]?.args[0], rights, `version ${version}`)
  }
  for (const errno of [-38, -95]) {
    const none = make().on('landlock_create_ruleset', () => errno)
    dropPrivileges(new Sys(none))
    t.strictSame(none.of('landlock_restrict_self'), [])
    t.equal(none.of('seccomp').length, 1)
  }
})

test('a Landlock that is there and refuses ends the run', (t) => {
  const addon = make().on('landlock_restrict_self', () => -1)
  refuses(t, () => dropPrivileges(new Sys(addon)), 'unsupported', /EPERM/)
})
