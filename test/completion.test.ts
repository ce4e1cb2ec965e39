// `completion`: each shell is asked itself what it would complete, with the script that the command prints.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { COMPLETED, MEANINGS } from '../src/cli/completion/words.js'
import { SHELLS, type Shell } from '../src/cli/completion/shells.js'
import { OPTIONS } from '../src/cli/options.js'
import { must } from './rig/command.js'
import { gc, PATIENCE } from './rig/gc.js'
import { needs } from './rig/needs.js'

/** a folder with the script, and with what paths are completed from */
const scene = (t: Test, shell: Shell): { dir: string; script: string } => {
  const dir = fs.realpathSync(t.testdir({ images: { 'a b': {} }, 'images.tar': '', rootfs: {} }))
  const script = path.join(dir, 'script')
  const { code, stdout, stderr } = gc(['completion', shell])
  t.equal(code, 0, stderr)
  fs.writeFileSync(script, stdout)
  return { dir, script }
}

/** with nothing of the user's, in that folder */
const clean = (dir: string): string[] => [
  ...['-C', dir, '-i', `HOME=${dir}`, 'TERM=dumb', 'PATH=/usr/bin:/bin', 'LC_ALL=C'],
]

const run = (dir: string, ...words: string[]): string => must('env', [...clean(dir), ...words])

/** words, the last of which is to be completed, with what they come to */
const asked: readonly [line: string, answers: readonly string[]][] = [
  ['criu-gc cl', ['clean']],
  ['criu-gc --json s', ['scan', 'show']],
  ['criu-gc -D somewhere li', ['links', 'list']],
  ['criu-gc completion z', ['zsh']],
  ['criu-gc scan r', ['rootfs/']],
  ['criu-gc clean --runtime po', ['podman']],
  ['criu-gc show --log-format ', ['json', 'text']],
  ['criu-gc show --repair signals,fr', ['signals,freezer']],
  ['criu-gc show --only links,net', ['links,network']],
  ['criu-gc show --accept un', ['undated', 'unlogged', 'unseen']],
  ['criu-gc show --older', ['--older-than']],
  ['criu-gc show --root r', ['rootfs/']],
  ['criu-gc show -r r', ['rootfs/']],
  ['criu-gc show -D images.', ['images.tar']],
  ['criu-gc show --pid ', []],
]

t.test(
  'each option that means something has its meaning, and those with a value their values',
  (t) => {
    const used = OPTIONS.filter(({ kind }) => kind === 'used')
    t.strictSame(Object.keys(MEANINGS).sort(), used.map(({ long }) => long).sort())
    for (const { long, argument } of used)
      t.equal(MEANINGS[long]?.values === undefined, argument === 'none', long)
    for (const [long, { what }] of Object.entries(MEANINGS)) t.match(what, /^[\w ,]+$/, long)
    t.end()
  },
)

t.test('a shell that is not known', (t) => {
  for (const words of [[], ['tcsh'], ['bash', 'zsh']]) {
    const { code, stderr, stdout } = gc(['completion', ...words])
    t.equal(code, 2)
    t.equal(stdout, '')
    t.match(stderr, 'completion is for one shell: bash, zsh, fish')
  }
  t.end()
})

t.test('bash', (t) => {
  const { dir, script } = scene(t, 'bash')
  /** as readline splits a line */
  const split = (line: string): string[] => line.replace(/=/g, ' = ').split(/ +/)
  const complete = (line: string): string[] => {
    const words = split(line)
    const ask = `. ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p criu-gc | sed 's/.*-F \\([^ ]*\\).*/\\1/') 2>&1; printf '%s\\n' "\${COMPREPLY[@]}"`
    return run(dir, 'bash', '--norc', '-c', ask, 'bash', ...words)
      .split('\n')
      .filter((one) => one !== '')
      .sort()
  }
  for (const [line, answers] of [
    ...asked,
    ['criu-gc show --runtime=po', ['podman']],
    ['criu-gc show --only=', ['links', 'network', 'residue']],
    ['criu-gc --images-dir=x cl', ['clean']],
    ['criu-gc show -D images/a', ['images/a b']],
  ] as const)
    // that a directory goes on is readline's to say
    t.strictSame(
      complete(line),
      answers.map((one) => one.replace(/\/$/, '')),
      line,
    )
  t.strictSame(
    complete('criu-gc show -'),
    COMPLETED.flatMap(({ names }) => names).sort(),
    'all options',
  )
  t.end()
})

t.test('fish', { skip: needs('fish') }, (t) => {
  const { dir, script } = scene(t, 'fish')
  const complete = (line: string): string[] =>
    run(dir, 'fish', '--no-config', '-c', `source ${script}; complete -C '${line}'`)
      .split('\n')
      .flatMap((one) => (one === '' ? [] : (one.split('\t')[0] ?? [])))
      .sort()
  for (const [line, answers] of [
    ...asked,
    ['criu-gc show --runtime=po', ['--runtime=podman']],
  ] as const)
    t.strictSame(complete(line), answers, line)
  t.strictSame(
    complete('criu-gc show --'),
    COMPLETED.map(({ long }) => `--${long}`).sort(),
    'all options',
  )
  t.end()
})

t.test('zsh', { skip: needs('zsh') }, (t) => {
  const { dir, script } = scene(t, 'zsh')
  // it lies where zsh looks for it, as in a package
  fs.renameSync(script, path.join(dir, '_criu-gc'))
  fs.writeFileSync(
    path.join(dir, 'setup'),
    `PS1= PS2= fpath=(${dir} $fpath)
     autoload -Uz compinit; compinit -D -u
     zstyle ':completion:*' menu no; unsetopt auto_menu
     criu-gc() { print -r -- "GOT[\${(j:|:)@}]" }
     print READY`,
  )
  // A shell of its own on a terminal, into which a line, a tab and a newline are typed.
  const typed = `zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "source ${dir}/setup"
    zpty -r -m shell line '*READY*'
    zpty -w shell "$1"$'\\t'
    zpty -r -m shell line $'*GOT\\\\[*\\\\]*'
    print -r -- $line
    zpty -d shell`
  const complete = (line: string): string | undefined => {
    const done = spawnSync('env', [...clean(dir), 'zsh', '-f', '-c', typed, 'zsh', line], {
      encoding: 'utf8',
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    })
    return /GOT\[(.*)\]/.exec(done.stdout)?.[1]
  }
  for (const [line, answers] of [
    ...asked.filter(([, answers]) => answers.length === 1),
    ['criu-gc show --runtime=po', ['--runtime=podman']],
    ['criu-gc show -D images/a', ['images/a b/']],
  ] as const) {
    const before = line.split(' ').slice(1, -1)
    // the slash after a folder goes when the line ends
    t.equal(complete(line), [...before, answers[0].replace(/\/$/, '')].join('|'), line)
  }
  t.end()
})

t.test('there is a test for each shell', (t) => {
  t.strictSame(SHELLS, ['bash', 'zsh', 'fish'])
  t.end()
})
