import { OPTIONS } from '../../../src/cli/options.js'
import { test } from '../support/check.js'

test('no name and no letter twice', (t) => {
  const names = OPTIONS.map(({ long }) => long)
  t.equal(new Set(names).size, names.length)
  const letters = OPTIONS.flatMap(({ short }) => short ?? [])
  t.equal(new Set(letters).size, letters.length)
  t.ok(letters.every((letter) => letter.length === 1))
})

test('the letters of CRIU’s restore, each with its kind of argument', (t) => {
  // dSsRt:hD:o:v::x::Vr:jJ:lW:L:M:
  const expected: Record<string, string> = {}
  for (const [, letter = '', colons] of 'dSsRt:hD:o:v::x::Vr:jJ:lW:L:M:'.matchAll(/(\w)(:*)/g))
    expected[letter] = colons === '::' ? 'optional' : colons === ':' ? 'required' : 'none'
  for (const [letter, argument] of Object.entries(expected)) {
    const option = OPTIONS.find(({ short }) => short === letter)
    t.equal(option?.argument, argument, `-${letter}`)
  }
})

test('what a runtime passes to restore is known', (t) => {
  const names = [
    'images-dir', 'work-dir', 'root', 'external', 'ext-mount-map', 'log-file', 'verbosity',
    'enable-external-sharing', 'enable-external-masters', 'enable-fs', 'skip-mnt',
    'mntns-compat-mode', 'tcp-established', 'tcp-close', 'skip-in-flight', 'network-lock',
    'empty-ns', 'join-ns', 'shell-job', 'link-remap', 'file-locks', 'ext-unix-sk',
    'manage-cgroups', 'restore-detached', 'restore-sibling', 'tree', 'libdir', 'lsm-profile',
    'lsm-mount-context', 'ghost-limit', 'inherit-fd', 'cgroup-root', 'action-script', 'pidfile',
    'file-validation', 'skip-file-rwx-check', 'evasive-devices', 'weak-sysctls', 'timeout',
    'cpu-cap', 'feature', 'config', 'no-default-config', 'help', 'version',
  ] // prettier-ignore
  for (const name of names)
    t.ok(
      OPTIONS.some(({ long }) => long === name),
      name,
    )
})

test('CRIU’s switches can be negated', (t) => {
  for (const { long, kind, argument, negatable } of OPTIONS)
    t.equal(negatable === true, kind === 'ignored' && argument === 'none', long)
})

test('consents, and nothing else, are never read from a file', (t) => {
  t.strictSame(
    OPTIONS.flatMap(({ long, neverInFile }) => (neverInFile === true ? [long] : [])).sort(),
    ['accept', 'force', 'gone', 'repair'],
  )
})
