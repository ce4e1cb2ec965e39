// A restore that was killed after it had made its ghost files: they are named, and with --repair removed, and with them
// the next restore succeeds. What only has such a name is left. Run by ghosts.test.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { JsonResidue } from '../../src/report/schema.js'
import { attempt, must } from '../rig/command.js'
import { criu, errors } from '../rig/criu.js'
import { gc, runGc, type Run } from '../rig/gc.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { mount, unmount } from '../rig/namespace.js'
import { dumped, optionsOf } from '../rig/restored.js'
import type { Checkpoint, Scenario } from '../rig/scenario.js'
import { scenario } from '../rig/scenarios.js'

const NAME = /\.cr\.[\da-f]+\.ghost$/

/** a file without a name beside each link on this machine */
const withGhosts = (made: Scenario): Scenario => ({
  ...made,
  build: (base) => {
    const built = made.build(base)
    const ghosts = built.held
      .filter(({ outside }) => outside !== undefined)
      .flatMap(({ inside }, index) =>
        [2 * index, 2 * index + 1].map((n) => [
          'ghost',
          `${inside}/ghost-${n}`,
          String((n + 1) * 1500),
        ]),
      )
    return { ...built, instructions: [...built.instructions, ...ghosts] }
  },
})

/** where nobody else's processes are, and all of them end with it */
const ALONE = [
  ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ...['sh', '-c', '"$@"; exit $?', 'sh'],
]

/** at its end: all ghost files are made by then, and open in tasks that never go on */
const KILLING = '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-restore ] || kill -KILL $PPID\n'
const KILLED = 128 + 9

function wordsOf(made: Checkpoint, script?: string): string[] {
  const { images, root, external = [] } = optionsOf(made)
  const path = join(made.base, 'action')
  if (script !== undefined) writeFileSync(path, script, { mode: 0o755 })
  return [
    ...[criu, 'restore', '-D', images, '-d', '-v4', '-o', 'restore.log'],
    ...(script === undefined ? [] : ['--action-script', path]),
    ...(root === undefined ? [] : ['--root', root]),
    ...external.flatMap((one) => ['--external', one]),
  ]
}

/** its exit code; nothing that it started is left */
function restore(made: Checkpoint, script?: string): number {
  const [command = '', ...args] = [...ALONE, ...wordsOf(made, script)]
  return attempt(command, args).code
}

/** a killed restore whose tasks are left until the end */
async function waiting(t: Test, made: Checkpoint): Promise<() => Promise<void>> {
  const stay = ['sh', '-c', '"$@"; echo killed; exec sleep 100000', 'sh']
  const [command = '', ...args] = [...ALONE.slice(0, 5), ...stay, ...wordsOf(made, KILLING)]
  const outer = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const exit = once(outer, 'exit')
  const end = async (): Promise<void> => {
    outer.kill('SIGKILL')
    await exit
  }
  t.teardown(end)
  await once(outer.stdout, 'data')
  return end
}

const ghostsIn = ({ built }: Checkpoint): string[] => {
  const folders = built.held.flatMap(({ outside }) => outside ?? [])
  return [...new Set(folders)].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => NAME.test(name))
      .map((name) => join(folder, name)),
  )
}

const rowsOf = ({ report }: Run): readonly JsonResidue[] =>
  (report?.residue ?? []).filter(({ kind }) => kind === 'ghosts')

const inWords = (run: Run): string[] =>
  rowsOf(run).map(({ verdict, reason }) => [verdict, reason].filter(Boolean).join(' '))

/** Tests beside this one may restore something. */
async function look(
  word: 'show' | 'clean',
  made: Checkpoint,
  ...more: readonly string[]
): Promise<Run> {
  for (;;) {
    const run = runGc(word, [...made.arguments, ...more])
    if (!rowsOf(run).some(({ reason }) => reason === 'busy')) return run
    await sleep(50)
  }
}

const ASKED = ['--only', 'residue', '--repair', 'ghosts']

/** exactly these files go */
async function removes(t: Test, made: Checkpoint, gone: readonly string[]): Promise<Run> {
  const before = manifest(...made.built.trees)
  const run = await look('clean', made, ...ASKED)
  t.strictSame(onlyRemoved(before, manifest(...made.built.trees), gone), [], 'nothing else changed')
  return run
}

for (const name of ['host-tree', 'container', 'overlay', 'userns', 'external-volume'])
  t.test(`${name}: a restore that was killed`, async (t) => {
    const made = await dumped(t, withGhosts(scenario(name)))
    const fresh = await look('show', made)
    t.strictSame(rowsOf(fresh), [], 'nobody restored it yet')
    t.equal(restore(made, KILLING), KILLED)
    const ghosts = ghostsIn(made)
    const { twins = () => [] } = made.built
    t.ok(ghosts.length > 1, 'it left ghost files')
    const shown = await look('show', made)
    t.equal(shown.code, fresh.code, 'they are only named')
    t.strictSame(
      inWords(shown),
      ghosts.map(() => 'kept unasked'),
    )
    t.match(rowsOf(shown)[0]?.undo, / clean .* --repair ghosts$/)
    const { stderr } = gc(['show', ...made.arguments])
    t.match(
      stderr,
      /also left: .*ghost-0\.cr\.1\.ghost(?: and \d+ more \(--json names them\))?: a ghost file of a restore of these images/,
    )
    t.match(stderr, /to undo ghosts: criu-gc clean .* --repair ghosts\n/)

    t.not(restore(made), 0, 'they are in the way of the next restore')
    t.match(errors(made, 'restore.log'), /ghost.*File exists/i)
    const rest = ghostsIn(made)
    t.equal(rest.length, ghosts.length - 1, 'which takes away the one at which it failed')

    const asked = await look('show', made, ...ASKED)
    t.strictSame(
      inWords(asked),
      rest.map(() => 'would-remove'),
    )
    t.equal(asked.report?.exit.name, 'leftovers')
    const cleaned = await removes(t, made, [...rest, ...rest.flatMap(twins)])
    t.strictSame(
      inWords(cleaned),
      rest.map(() => 'removed'),
      cleaned.stderr,
    )
    t.equal(cleaned.code, 0, cleaned.stderr)
    t.ok(made.paths.every(existsSync), 'links are not touched')
    const again = await look('clean', made, ...ASKED)
    t.strictSame([rowsOf(again), again.code], [[], 0], 'nothing is left to do')
    t.equal(restore(made), 0, errors(made, 'restore.log'))
  })

t.test('links and ghost files in one run, of images in an archive', async (t) => {
  const made = await dumped(t, withGhosts(scenario('userns')))
  t.equal(restore(made, KILLING), KILLED)
  const ghosts = ghostsIn(made)
  const archive = join(made.base, 'images.tar')
  must('tar', ['--format=pax', '-C', made.images, '-cf', archive, '.'])
  const options = made.arguments.map((word) => (word === made.images ? archive : word))
  const packed = { ...made, arguments: options }
  const before = manifest(...made.built.trees)
  const run = await look('clean', packed, '--repair', 'ghosts')
  t.strictSame(
    inWords(run),
    ghosts.map(() => 'removed'),
    run.stderr,
  )
  t.ok((run.report?.totals?.removed ?? 0) > 0)
  const gone = [...ghosts, ...made.paths]
  t.strictSame(onlyRemoved(before, manifest(...made.built.trees), gone), [])
})

t.test('tasks of the killed restore have them open', async (t) => {
  const made = await dumped(t, withGhosts(scenario('container')))
  const end = await waiting(t, made)
  const ghosts = ghostsIn(made)
  t.ok(ghosts.length > 1)
  const run = await removes(t, made, [])
  t.equal(run.report?.exit.name, 'busy', run.stdout)
  await end()
  t.equal((await removes(t, made, ghosts)).code, 0)
})

/** what somebody else makes in the place of a ghost file, whose path it is given */
const LOOK_ALIKES: Readonly<Record<string, (path: string) => void>> = {
  'other contents': (path) => {
    writeFileSync(path, 'y'.repeat(statSync(path).size))
  },
  'another size': (path) => {
    const { atime, mtime } = statSync(path)
    writeFileSync(path, 'longer', { flag: 'a' })
    utimesSync(path, atime, mtime)
  },
  'another owner': (path) => {
    chownSync(path, 65534, 0)
  },
  'another mode': (path) => {
    chmodSync(path, 0o644)
  },
  'a copy': (path) => {
    copyFileSync(path, `${path}.copy`)
    renameSync(`${path}.copy`, path)
  },
  'a directory': (path) => {
    rmSync(path)
    mkdirSync(path)
  },
  'a symbolic link to a ghost file': (path) => {
    renameSync(path, `${path}.moved`)
    symlinkSync(`${path}.moved`, path)
  },
  'a fifo': (path) => {
    rmSync(path)
    must('mkfifo', ['-m', '600', path])
  },
}

t.test('what has the name, and is something else', async (t) => {
  const made = await dumped(t, withGhosts(scenario('container')))
  t.equal(restore(made, KILLING), KILLED)
  const [path = ''] = ghostsIn(made)
  const saved = join(made.base, 'saved')
  must('cp', ['-a', path, saved])
  for (const [what, change] of Object.entries(LOOK_ALIKES)) {
    change(path)
    const run = await look('show', made, ...ASKED)
    const found = rowsOf(run).find(({ reason }) => reason === 'foreign')
    t.match(found, { verdict: 'kept', message: String }, what)
    t.comment(`${what}: ${found?.message ?? ''}`)
    rmSync(path, { recursive: true })
    rmSync(`${path}.moved`, { force: true })
    must('cp', ['-a', saved, path])
  }
  const ghosts = ghostsIn(made)
  must('cp', ['-a', path, path.replace(NAME, '.cr.ff.ghost')])
  must('cp', ['-a', path, `${path}.ghost`])
  const held = openSync(path, 'r')
  t.match(inWords(await look('show', made, ...ASKED)), ['kept held'])
  closeSync(held)
  mount('--bind', saved, path)
  t.match(inWords(await look('show', made, ...ASKED)), ['kept foreign'])
  unmount(path)
  const run = await removes(t, made, ghosts)
  t.strictSame(
    inWords(run),
    ghosts.map(() => 'removed'),
  )
})

t.test('a symbolic link of the container in the way leads nowhere', async (t) => {
  const made = await dumped(t, withGhosts(scenario('container')))
  t.equal(restore(made, KILLING), KILLED)
  const [path = ''] = ghostsIn(made)
  const folder = dirname(path)
  const outside = `${folder}-outside`
  renameSync(folder, outside)
  symlinkSync(outside, folder)
  const before = manifest(outside)
  const run = await look('clean', made, ...ASKED)
  t.strictSame(onlyRemoved(before, manifest(outside), []), [])
  t.match(run.report?.residueUnread, [/ELOOP/])
  t.equal(run.report?.exit.name, 'incomplete')
})
