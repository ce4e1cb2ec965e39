// --log: whatever a run says is there, a line each, in the shape that callers of runc parse.
import fs from 'node:fs'
import { join } from 'node:path'
import { gc, type Run } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { newWorld, test, type World } from './rig.js'

interface Line {
  readonly level: string
  readonly msg: string
  readonly time: string
}

/** the lines that it got: what a caller of runc does with them */
const linesIn = (file: string): Line[] =>
  fs
    .readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

/** what go-runc shows to whoever asked for it */
const lastError = (lines: readonly Line[]): string | undefined =>
  lines.findLast(({ level }) => level === 'error')?.msg

const logged = (world: World, args: readonly string[]): { run: Run; lines: Line[] } => {
  const file = join(world.base, 'log.json')
  fs.rmSync(file, { force: true })
  const run = gc([...args, '--log', file, '--log-format', 'json'])
  return { run, lines: fs.existsSync(file) ? linesIn(file) : [] }
}

await inside(import.meta.url, () => {
  test('a run: warnings, a line for each verdict, the summary; the same with --json', (t) => {
    for (const json of [[], ['--json']]) {
      const world = newWorld(t, { alone: true })
      world.link('app', 4)
      const kept = world.link('app', 6)
      fs.unlinkSync(kept)
      fs.mkdirSync(kept)
      world.dump()
      const { run, lines } = logged(world, ['clean', ...world.args(), ...json])
      t.equal(run.code, 3, run.stderr)
      const said = lines.map(({ level, msg }) => `${level} ${msg}`)
      t.ok(
        said.some((line) => line.startsWith('info /app/link_remap.4: removed')),
        said.join('\n'),
      )
      t.ok(said.some((line) => line.startsWith('warning /app/link_remap.6: kept; type; ')))
      t.match(said.at(-1), /^warning 2 link remaps: 1 removed, 1 kept/)
      t.equal(lastError(lines), undefined)
      for (const { time } of lines) t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      // all that is on standard error is in there, too
      for (const line of run.stderr.split('\n').filter((one) => one !== ''))
        t.ok(
          lines.some(({ msg }) => `criu-gc: ${msg}` === line),
          line,
        )
    }
  })

  test('another run is appended, and a clean one is of level info', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    const file = join(world.base, 'log.json')
    const args = ['clean', ...world.args(), '--log', file, '--log-format', 'json']
    t.equal(gc(args).code, 0)
    const first = fs.readFileSync(file, 'utf8')
    t.equal(gc(args).code, 0)
    t.ok(fs.readFileSync(file, 'utf8').startsWith(first))
    const lines = linesIn(file)
    t.match(lines.at(-1), { level: 'info', msg: /1 absent/ })
    t.equal(lines.filter(({ msg }) => msg.startsWith('1 link remap: ')).length, 2)
  })

  test('why a run ended is the last error: what, where and what to do', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    fs.writeFileSync(join(world.images, 'inventory.img'), 'GIF89a, and more')
    const { run, lines } = logged(world, ['clean', ...world.args()])
    t.equal(run.code, 7)
    t.match(lastError(lines), /^\/.*inventory\.img: is not a CRIU inventory image.*; nothing was/)
  })

  test('mistakes in the arguments are there, too', (t) => {
    const world = newWorld(t, { alone: true })
    for (const args of [['shwo'], ['show', '--frobnicate'], ['show', '--max-remaps', 'x']]) {
      const { run, lines } = logged(world, args)
      t.equal(run.code, 2)
      t.equal(lines.length, 1, args.join(' '))
      t.equal(`criu-gc: ${lastError(lines) ?? ''}\n`, run.stderr.replace(/\ncriu-gc: /, '; '))
    }
  })

  test('no file, another file, a link to one: nothing is done, and nothing is touched', (t) => {
    const world = newWorld(t, { alone: true })
    const link = world.link('app', 4)
    world.dump()
    const config = join(world.base, 'config.json')
    fs.writeFileSync(config, '{"ociVersion":"1.0.2"}\n')
    fs.symlinkSync('config.json', join(world.base, 'link'))
    for (const name of ['link', 'nowhere/log', 'images/dump.log']) {
      const run = gc(['clean', ...world.args(), '--log', join(world.base, name)])
      t.equal(run.code, 2, name)
      t.match(run.stderr, /the file of --log .*\ncriu-gc: nothing was touched; /)
      t.ok(fs.existsSync(link))
    }
    t.notOk(fs.existsSync(join(world.images, 'dump.log')))
    const other = gc(['clean', ...world.args(), '--log', config, '--log-format=json'])
    t.equal(other.code, 0, 'as with -o')
    t.match(
      other.stderr,
      'config.json is there, and no log of the format json: it is left as it is',
    )
    t.equal(fs.readFileSync(config, 'utf8'), '{"ociVersion":"1.0.2"}\n')
  })

  test('on a full disk: standard error says so once, the exit code is that of the run', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    const disk = join(world.base, 'full')
    fs.mkdirSync(disk)
    world.mount('-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk)
    fs.writeFileSync(join(disk, 'fill'), Buffer.alloc(4096))
    const run = gc(['clean', ...world.args(), '--log', join(disk, 'log')])
    t.equal(run.code, 0, run.stderr)
    t.equal(run.stderr.split('the file of --log could not be written (ENOSPC)').length, 2)
    t.match(run.stderr, '1 link remap: 1 removed')
  })
})
