// What people see: a tree with colours on a terminal, lines in a pipe, progress where it takes long.
// The terminal is one of script(1).
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { writeDump } from './encode/images.js'
import { attempt, type Result } from './rig/command.js'
import { needs } from './rig/needs.js'
import { criuGc, inRepo, node } from './rig/repo.js'

if (process.getuid?.() !== 0) {
  t.pass('terminal', { skip: 'needs root' })
  process.exit()
}

interface Sample {
  args: string[]
}
const { buildSample } = (await import(
  pathToFileURL(inRepo('test', 'sample', 'build.mjs')).href
)) as { buildSample: (to: string) => Sample }

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** all of a command's output is on a terminal */
function onTerminal(command: string[], env: Record<string, string> = {}): Result {
  const done = attempt('script', ['-qec', command.map(quote).join(' '), '/dev/null'], {
    NO_COLOR: '',
    ...env,
  })
  return { ...done, stdout: done.stdout.replaceAll('\r\n', '\n') }
}

const inPipe = (command: string[], env: Record<string, string> = {}): Result =>
  attempt(criuGc, command, { NO_COLOR: '', ...env })

const ESCAPE = '\u001b'

/** the embedded sample, of which the temporary folder and the times are left out */
function sample(t: Test) {
  const dir = t.testdir({})
  const { args } = buildSample(dir)
  const plainly = (text: string): string =>
    text
      .replaceAll(dir, '…')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'TIME')
      .replace(/ {2}\d+ (s|min)$/gm, '  AGE')
  return { args, plainly }
}

const tree = `…/images (2 tasks, TIME)
├─ mount namespace 10 (root)
│  ├─ / (FS) ← --root …/rootfs
│  │  └─ would remove  /var/lib/server/link_remap.6  was /var/lib/server/journal.new  4.0 KiB  AGE
│  ├─ /data (FS) ← mnt[/data] …/volume
│  │  ├─ would remove  /data/link_remap.3         was /data/index.new  8.0 KiB  AGE
│  │  └─ would remove  /data/tables/link_remap.8  was /data/tables/users.new  11.7 KiB  AGE
│  └─ /tmp (tmpfs)
│     └─ vanished      /tmp/link_remap.10  was /tmp/session.new
│        └─ WHY
└─ mount namespace 11
   ├─ /data (FS) ← mnt[/data] …/volume
   │  └─ would remove  /data/link_remap.20  was /data/queue.new  700 B  AGE
   ├─ /scratch (tmpfs)
   │  └─ vanished      /scratch/link_remap.18  was /scratch/part.new
   │     └─ WHY
   └─ /work (FS) ← --root …/rootfs/var/cache/worker
      └─ would remove  /work/link_remap.16  was /work/job.new  300 B  AGE
7 link remaps: 5 would remove, 2 vanished; NEXT
`

/** images say no more of a disk than that it is one; nor is the wording this test's matter */
const worded = (text: string): string =>
  text
    .replace(/ \((?!tmpfs)[^()]+\) ←/g, ' (FS) ←')
    .replace(/└─ its file system .*$/gm, '└─ WHY')
    .replace(/; "criu-gc clean" .*$/m, '; NEXT')

/** Before all else: what clean would undo. */
const NOTE =
  'criu-gc: this is a whole checkpoint that can still be restored; after clean it cannot\n'

t.test('on a terminal: a tree with colours', (t) => {
  const { args, plainly } = sample(t)
  const shown = onTerminal([criuGc, 'show', ...args])
  t.equal(shown.code, 3)
  t.equal(worded(plainly(stripVTControlCharacters(shown.stdout).replace(NOTE, ''))), tree)
  t.match(shown.stdout, `${ESCAPE}[33mwould remove${ESCAPE}[0m`)
  t.match(shown.stdout, `${ESCAPE}[2mvanished    ${ESCAPE}[0m`)

  const bare = onTerminal([criuGc, 'show', ...args], { NO_COLOR: '1' })
  t.equal(
    worded(plainly(bare.stdout.replace(NOTE, ''))),
    tree,
    'NO_COLOR: the same without colours',
  )

  const cleaned = onTerminal([criuGc, 'clean', ...args])
  t.equal(cleaned.code, 0)
  t.match(cleaned.stdout, `${ESCAPE}[32mremoved     ${ESCAPE}[0m`)
  t.match(cleaned.stdout, /\n7 link remaps: 5 removed, 2 vanished\n$/)
  t.end()
})

t.test('in a pipe, and with --plain on a terminal: a line for each remap', (t) => {
  const { args } = sample(t)
  const piped = inPipe(['show', ...args])
  t.equal(piped.code, 3)
  t.notMatch(piped.stdout, ESCAPE)
  const lines = piped.stdout.trimEnd().split('\n')
  t.strictSame(
    lines.map((line) => line.split('\t').slice(0, 6).join(' ')),
    [
      'would-remove - 10 /data/link_remap.3 /data/index.new 8192',
      'would-remove - 10 /var/lib/server/link_remap.6 /var/lib/server/journal.new 4096',
      'would-remove - 10 /data/tables/link_remap.8 /data/tables/users.new 12000',
      'vanished - 10 /tmp/link_remap.10 /tmp/session.new -',
      'would-remove - 11 /work/link_remap.16 /work/job.new 300',
      'vanished - 11 /scratch/link_remap.18 /scratch/part.new -',
      'would-remove - 11 /data/link_remap.20 /data/queue.new 700',
    ],
  )
  t.ok(piped.stderr.startsWith(NOTE))
  t.match(piped.stderr, /^criu-gc: 7 link remaps: 5 would remove, 2 vanished/m)

  const plain = onTerminal([criuGc, 'show', '--plain', ...args])
  t.equal(plain.code, 3)
  t.equal(plain.stdout, NOTE + piped.stdout + piped.stderr.slice(NOTE.length))
  t.end()
})

t.test('--json on a terminal is the same as in a pipe', (t) => {
  const { args } = sample(t)
  const shown = onTerminal([criuGc, 'show', '--json', ...args])
  t.equal(shown.stdout, inPipe(['show', '--json', ...args]).stdout)
  t.match(JSON.parse(shown.stdout), { schema: 'criu-gc/1' })
  t.end()
})

t.test('-v adds the plan', (t) => {
  const { args, plainly } = sample(t)
  const [quiet, verbose] = [inPipe(['show', ...args]), inPipe(['show', '-v', ...args])]
  t.equal(verbose.stdout, quiet.stdout)
  t.notMatch(quiet.stderr, 'mount ')
  const mounts = plainly(verbose.stderr)
    .split('\n')
    .filter((line) => line.includes(': mount '))
  t.strictSame(
    mounts.map((line) => line.replace(/\/\d+ /, ' ')),
    [
      'criu-gc: mount 10 /: --root …/rootfs (attached)',
      'criu-gc: mount 10 /data: mnt[/data] …/volume (attached)',
      'criu-gc: mount 11 /: --root …/rootfs (attached)',
      'criu-gc: mount 11 /work: --root …/rootfs/var/cache/worker (attached)',
      'criu-gc: mount 11 /data: mnt[/data] …/volume (attached)',
    ],
  )
  t.match(verbose.stderr, /image files\.img: complete, 22 entries/)
  t.match(onTerminal([criuGc, 'show', '-v', ...args]).stdout, verbose.stderr.split('\n')[0])
  t.end()
})

/** 600 links of a host tree */
function crowd(t: Test): string[] {
  const dir = t.testdir({ tree: {} })
  const at = (name: string): string => `${dir}/tree/${name}`
  const ids = Array.from({ length: 600 }, (_, index) => 2 * index + 2)
  for (const id of ids) {
    writeFileSync(at(`kept-${id}`), '')
    linkSync(at(`kept-${id}`), at(`link_remap.${id}`))
  }
  writeDump(`${dir}/images`, {
    links: ids.map((id) => ({ id, link: at(`link_remap.${id}`), original: at(`old-${id}`) })),
  })
  mkdirSync(`${dir}/out`)
  return ['clean', '-D', `${dir}/images`]
}

const skip = needs('strace')

/** each removal takes 3 ms: 256 of them less than a second, 512 more */
const slowly = (command: string[]): string[] => [
  ...['strace', '-f', '-o', '/dev/null', '-e', 'trace=unlinkat'],
  ...['-e', 'inject=unlinkat:delay_enter=3000', ...command],
]

t.test('progress: on a terminal, after a second', { skip }, (t) => {
  const seen = onTerminal(slowly([criuGc, ...crowd(t)]))
  t.equal(seen.code, 0)
  t.match(seen.stdout, /\r512 of 600 link remaps/)
  // ended or wiped out
  t.match(seen.stdout, /(\n|\r\s*|\[2?K)\/[^\r\n]*\/images \(1 task/, 'the tree begins a line')
  t.match(seen.stdout, /600 link remaps: 600 removed\n$/)
  t.end()
})

t.test('progress: only on standard error, also where the report goes elsewhere', { skip }, (t) => {
  const options = crowd(t)
  const file = `${t.testdirName}/out/report`
  const command = slowly([criuGc, ...options])
    .map(quote)
    .join(' ')
  const seen = onTerminal(['sh', '-c', `${command} >${quote(file)}`])
  t.match(seen.stdout, /\r512 of 600 link remaps/)
  const report = readFileSync(file, 'utf8')
  t.equal(report.split('\n').length, 601)
  t.notMatch(report, ' of 600')
  t.end()
})

t.test('no progress in a pipe', { skip }, (t) => {
  const [command = '', ...args] = slowly([criuGc, ...crowd(t)])
  const seen = attempt(command, args)
  t.equal(seen.code, 0)
  t.equal(seen.stderr, 'criu-gc: 600 link remaps: 600 removed\n')
  t.end()
})

/** the command, for which no time passes from its start on, however slow the machine is */
function atOnce(dir: string, command: string[]): string[] {
  const clock = `${dir}/clock.cjs`
  writeFileSync(clock, 'const now = Date.now()\nDate.now = () => now\n')
  const clean = ['env', '-i', `PATH=${process.env.PATH ?? ''}`]
  return [...clean, node, '--require', clock, criuGc, ...command]
}

t.test('no progress where it takes less than a second', (t) => {
  const options = crowd(t)
  const seen = onTerminal(atOnce(`${t.testdirName}/out`, options))
  t.equal(seen.code, 0)
  t.match(seen.stdout, /600 link remaps: 600 removed\n$/)
  t.notMatch(seen.stdout, ' of 600')
  t.end()
})
