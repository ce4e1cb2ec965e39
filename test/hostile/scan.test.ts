// scan: every name of the form below a directory, on one file system, and the removal of those of a time and of nothing
// else. The trees are hostile, and living, and change meanwhile.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { basename, join } from 'node:path'
import type { Test } from 'tap'
import { KillAt } from '../battery/tool.js'
import { gc } from '../rig/gc.js'
import { later } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { manifest } from '../rig/manifest.js'
import { mount, unmount } from '../rig/namespace.js'
import { needs } from '../rig/needs.js'
import { asScan, keptOf, runScan, scanned, Tree, type ScanRun } from '../rig/scan.js'
import { onlyGone } from '../rig/steps.js'
import { background, liveNamespace, newWorld, test } from './rig.js'

const newTree = (t: Test): Tree => {
  const tree = new Tree()
  t.teardown(() => tree.end())
  return tree
}

/** runs it; exactly these paths are removed, and no mount table changes */
const removes = (
  t: Test,
  tree: Tree,
  args: string[],
  gone: string[],
  trees = [tree.base],
): ScanRun =>
  onlyGone(
    t,
    'scan',
    gone,
    () => manifest(...trees),
    () => runScan(args),
  )

const sumsUp = (t: Test, { scan, code }: ScanRun): void => {
  const { links, ...each } = scan.totals
  t.equal(links, scan.links.length, 'as many as there are links')
  t.equal(
    Object.values(each).reduce((a, b) => a + b, 0),
    links,
    'totals add up',
  )
  t.equal(scan.exit.code, code, 'the exit code is in the document')
}

/** a program that has a file open as its standard input, for as long as the test lives */
const holding = async (t: Test, file: string): Promise<number> => {
  const child = background(t, 'sh', ['-c', 'exec <"$1"; echo held; exec sleep 1000', 'sh', file])
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child.pid ?? -1
}

await inside(import.meta.url, () => {
  test('nothing is there', (t) => {
    const tree = newTree(t)
    fs.writeFileSync(join(tree.top, 'link_remap'), '')
    fs.writeFileSync(join(tree.top, 'xlink_remap.4'), '')
    for (const more of [[], ['--since', '1h'], ['--since', '1h', '--remove']]) {
      const run = removes(t, tree, [tree.top, ...more], [])
      t.equal(run.code, 0, run.stderr)
      t.strictSame(run.scan.links, [])
      sumsUp(t, run)
    }
  })

  test('links of before, within and after a time, and whatever else has such a name', (t) => {
    const tree = newTree(t)
    tree.link('app', 'link_remap.2')
    tree.link('quiet', 'link_remap.3')
    const since = tree.moment()
    const own = [tree.link('app', 'link_remap.4'), tree.link('app/sub', 'link_remap.-6')]
    const app = join(tree.top, 'app')
    fs.linkSync(own[0] as string, join(app, 'link_remap.4.bak'))
    fs.linkSync(own[0] as string, join(app, 'link_remap.04'))
    const victim = join(tree.dir('outside'), 'link_remap.8')
    fs.writeFileSync(victim, 'victim\n')
    fs.symlinkSync(victim, join(app, 'link_remap.8'))
    fs.symlinkSync(tree.dir('outside'), join(app, 'out'))
    fs.mkdirSync(join(app, 'link_remap.10'))
    fs.linkSync(victim, join(app, 'link_remap.12'))
    execFileSync('mkfifo', [join(app, 'link_remap.14')])
    own.push(join(app, 'link_remap.12'), join(app, 'link_remap.14'))
    // An old inode with a new name would be told by nothing: here the directory tells it.
    fs.chmodSync(join(tree.top, 'quiet/link_remap.3'), 0o600)
    const until = tree.moment()
    tree.link('app', 'link_remap.16')
    const judged = (verdict: string): string[] => [
      'app/link_remap.04 kept name',
      'app/link_remap.10 kept type',
      `app/link_remap.12 ${verdict}`,
      `app/link_remap.14 ${verdict}`,
      'app/link_remap.16 kept newer',
      'app/link_remap.2 kept older',
      `app/link_remap.4 ${verdict}`,
      'app/link_remap.4.bak kept name',
      'app/link_remap.8 kept type',
      `app/sub/link_remap.-6 ${verdict}`,
      'quiet/link_remap.3 kept older',
    ]
    const listed = removes(t, tree, [tree.top], [])
    t.equal(listed.code, 3)
    t.strictSame(
      scanned(listed, tree.top),
      judged('found').map((line) => line.replace(/ kept .*/, ' found')),
    )
    const time = ['--since', since, '--until', until]
    const shown = removes(t, tree, [tree.top, ...time], [])
    t.strictSame(scanned(shown, tree.top), judged('would-remove'))
    t.equal(shown.code, 3)
    const done = removes(t, tree, [tree.top, ...time, '--remove'], own)
    t.strictSame(scanned(done, tree.top), judged('removed'))
    t.equal(done.code, 3, 'something was kept')
    for (const run of [listed, shown, done]) sumsUp(t, run)
    const again = removes(t, tree, [tree.top, ...time, '--remove'], [])
    t.strictSame(
      scanned(again, tree.top),
      judged('removed').filter((line) => !line.endsWith('removed')),
    )
  })

  test('all of a time go, and what they did is not taken for a change by others', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const first = tree.link('app', 'link_remap.4')
    const second = join(tree.top, 'app/link_remap.6')
    fs.linkSync(first, second)
    const until = tree.moment()
    const args = [tree.top, '--since', since, '--until', until, '--remove']
    const run = removes(t, tree, args, [first, second])
    t.strictSame(
      run.scan.links.map(({ verdict }) => verdict),
      ['removed', 'removed'],
    )
    t.equal(run.code, 0, run.stderr)
    t.equal(removes(t, tree, args, []).code, 0, 'again')
  })

  test('what a clean-up changed is not of the time in which it did', (t) => {
    const tree = newTree(t)
    const old = tree.moment()
    const first = tree.link('app', 'link_remap.4')
    fs.linkSync(first, join(tree.top, 'app/link_remap.6'))
    const other = tree.link('other', 'link_remap.9')
    fs.renameSync(first, join(tree.top, 'other/link_remap.4'))
    t.teardown(() => undefined)
    const moved = join(tree.top, 'other/link_remap.4')
    const then = tree.moment()
    const times = ['--since', old, '--until', then]
    const done = removes(t, tree, [join(tree.top, 'other'), ...times, '--remove'], [moved, other])
    t.equal(done.code, 0, done.stderr)
    const run = runScan([tree.top, '--since', then, '--remove'])
    t.strictSame(scanned(run, tree.top), ['app/link_remap.6 kept older'])
  })

  test('names that are no text, a newline, and a terminal code', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const odd = Buffer.concat([Buffer.from(`${tree.top}/`), Buffer.from([0xff, 0x0a, 0x1b, 0x5b])])
    fs.mkdirSync(odd)
    const link = Buffer.concat([odd, Buffer.from('/link_remap.4')])
    fs.writeFileSync(link, '')
    const text = gc(['scan', tree.top])
    t.equal(text.stdout.trim().split('\n').length, 1, 'one line')
    t.notMatch(text.stdout, '\x1b')
    const run = runScan([tree.top, '--since', since, '--remove'])
    t.equal(run.code, 0)
    t.strictSame(Buffer.from(run.scan.links[0]?.linkBase64 ?? '', 'base64'), link)
    t.notOk(fs.existsSync(link))
  })

  test('one file system: others mounted below are not looked into, also binds of the same', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const places = ['memory', 'bind'].map((name) => tree.dir('top', name))
    const elsewhere = tree.dir('elsewhere')
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', places[0] as string)
    mount('--bind', elsewhere, places[1] as string)
    t.teardown(() => places.forEach(unmount))
    const own = tree.link('app', 'link_remap.4')
    for (const place of [...places, elsewhere]) fs.writeFileSync(join(place, 'link_remap.6'), '')
    const run = removes(t, tree, [tree.top, '--since', since, '--remove'], [own])
    t.strictSame(scanned(run, tree.top), ['app/link_remap.4 removed'])
    t.equal(run.scan.otherMounts, 2)
    t.match(gc(['scan', tree.top]).stderr, /2 directories with another mount on them/)
    // Each by itself.
    const each = runScan([...places, '--since', since, '--remove'])
    t.equal(each.code, 0)
    t.equal(each.scan.totals.removed, 2)
    t.strictSame(fs.readdirSync(elsewhere), [])
  })

  test('mounts on a link and of a link, here and in another namespace', async (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const [on, shown, far] = [4, 6, 8].map((id) => tree.link('app', `link_remap.${id}`)) as [
      string,
      string,
      string,
    ]
    const own = tree.link('app', 'link_remap.9')
    const place = join(tree.dir('places'), 'file')
    fs.writeFileSync(place, '')
    mount('--bind', '/etc/hostname', on)
    mount('--bind', shown, place)
    t.teardown(() => [on, place].forEach(unmount))
    await liveNamespace(t, 'mount --bind /etc/hostname "$1"', [far])
    const args = [tree.top, '--since', since, '--remove']
    const run = removes(t, tree, args, [own])
    t.strictSame(scanned(run, tree.top), [
      'app/link_remap.4 kept mountpoint',
      'app/link_remap.6 kept held',
      'app/link_remap.8 kept mountpoint',
      'app/link_remap.9 removed',
    ])
    t.strictSame(run.scan.links[1]?.heldBy, [`a mount on ${place}`])
    t.notOk('inode' in (run.scan.links[0] ?? {}), 'what is mounted there is not the link')
  })

  test('immutable', { skip: needs('chattr', 'e2fsprogs') }, (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const links = [4, 6].map((id) => tree.link('app', `link_remap.${id}`))
    const closed = tree.link('closed', 'link_remap.8')
    const set = (how: string): void => {
      execFileSync('chattr', [`${how}i`, links[0] as string])
      execFileSync('chattr', [`${how}a`, join(closed, '..')])
    }
    set('+')
    t.teardown(() => set('-'))
    for (const [more, verdict] of [
      [[], 'would-remove'],
      [['--remove'], 'removed'],
    ] as const) {
      const gone = more.length === 0 ? [] : [links[1] as string]
      const run = removes(t, tree, [tree.top, '--since', since, ...more], gone)
      t.strictSame(scanned(run, tree.top), [
        'app/link_remap.4 kept immutable',
        `app/link_remap.6 ${verdict}`,
        'closed/link_remap.8 failed EPERM',
      ])
      t.equal(run.code, 3)
    }
  })

  test('files that processes hold: open, mapped, executed, through an overlay', async (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const open = tree.link('app', 'link_remap.4')
    const shared = join(tree.top, 'app/link_remap.6')
    fs.copyFileSync('/bin/sleep', shared)
    const own = tree.link('app', 'link_remap.8')
    const [lower, upper, work, merged] = ['lower', 'top/upper', 'work', 'merged'].map((name) =>
      tree.dir(name),
    ) as [string, string, string, string]
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    mount('-t', 'overlay', '-o', layers, 'overlay', merged)
    t.teardown(() => unmount(merged))
    fs.writeFileSync(join(merged, 'file'), 'data\n')
    fs.linkSync(join(merged, 'file'), join(merged, 'link_remap.9'))
    // By another of its names, and by one that is gone.
    const pid = await holding(t, keptOf(open))
    fs.unlinkSync(keptOf(open))
    const over = await holding(t, join(merged, 'file'))
    const child = background(t, shared, ['1000'])
    while (fs.readlinkSync(`/proc/${child.pid}/exe`) !== shared) later()
    const run = runScan([tree.top, '--since', since, '--remove'])
    t.strictSame(scanned(run, tree.top), [
      'app/link_remap.4 kept held',
      'app/link_remap.6 kept held',
      'app/link_remap.8 removed',
      'upper/link_remap.9 kept held',
    ])
    const by = run.scan.links.map(({ heldBy }) => heldBy.join())
    t.equal(by[0], `descriptor 0 of process ${pid} (sleep)`)
    t.match(by[1], `the program of process ${child.pid} (link_remap.6)`)
    t.equal(by[3], `descriptor 0 of process ${over} (sleep)`)
    t.equal(run.code, 3)
    t.match(run.scan.links[0]?.next, '--pid')
    t.notOk(fs.existsSync(own))
  })

  test('images that list a link, and those that are to be kept', (t) => {
    const world = newWorld(t, { alone: true })
    const tree = newTree(t)
    const since = tree.moment()
    const link = world.link('app', 4)
    const same = world.file(world.at('other'), 'link_remap.4')
    world.dump()
    const lists = runScan([world.root, '--images', world.images])
    const listing = lists.scan.links.filter(({ listedBy }) => listedBy.length > 0)
    t.strictSame(
      listing.map((one) => [one.link, one.listedBy]),
      [[link, [world.images]]],
    )
    t.match(lists.scan.dumps, [{ imagesDir: world.images, dump: 'whole', keep: false, listed: 1 }])
    const time = ['--since', since, '--remove']
    const run = runScan([world.root, '--images', world.images, '--keep', world.images, ...time])
    const by = new Map(run.scan.links.map((one) => [one.link, one]))
    t.match(by.get(link), { verdict: 'kept', reason: 'wanted' })
    t.match(by.get(same), { verdict: 'removed' })
    t.ok(fs.existsSync(link) && !fs.existsSync(same))
    const gone = runScan([world.root, '--images', world.images, ...time])
    t.match(
      gone.scan.links.find((one) => one.link === link),
      { verdict: 'removed' },
    )
  })

  test('images that are cut are none to keep; blind ones list nothing', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    for (const name of ['files.img', 'remap-fpath.img'])
      fs.truncateSync(join(world.images, name), 0)
    const kept = runScan([world.root, '--keep', world.images, '--since', '1h', '--remove'])
    t.equal(kept.code, 7, kept.stderr)
    const blind = runScan([world.root, '--images', world.images])
    t.strictSame(
      blind.scan.links.flatMap(({ listedBy }) => listedBy),
      [],
    )
    t.match(blind.scan.dumps, [{ complete: false }])
    t.ok(fs.existsSync(world.at('app/link_remap.4')))
  })

  test('somebody is at work on images that were given', (t) => {
    const world = newWorld(t, { alone: true })
    const link = world.link('app', 4)
    world.dump()
    const fd = fs.openSync(world.images, 'r')
    background(t, 'sh', ['-c', `exec 9<"$1"; exec sleep 1000`, 'criu', world.images])
    fs.closeSync(fd)
    const isHeld = (): boolean =>
      runScan([world.root, '--images', world.images, '--since', '1h', '--remove']).code === 6
    // A shell needs a moment to open it: until then nothing is removed either, as the time is over.
    let code = 0
    while (code !== 6)
      code = runScan([world.root, '--keep', world.images, '--since', '1h', '--remove']).code
    t.ok(isHeld())
    t.ok(fs.existsSync(link))
  })

  test('a directory that may not be read', { skip: needs('setpriv', 'util-linux') }, (t) => {
    const tree = newTree(t)
    tree.link('open', 'link_remap.4')
    tree.link('closed', 'link_remap.6')
    fs.chmodSync(join(tree.top, 'closed'), 0)
    t.equal(runScan([tree.top]).scan.totals.links, 2, 'root may read it')
    const under = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--']
    const run = runScan([tree.top], under)
    t.strictSame(scanned(run, tree.top), ['open/link_remap.4 found'])
    t.match(run.scan.unread, [`${join(tree.top, 'closed')} (EACCES)`])
    t.equal(runScan([join(tree.top, 'closed')], under).code, 4, 'not "nothing found"')
  })

  test('a tree that is deeper than any path', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const name = 'd'.repeat(200)
    const depth = 300
    const here = process.cwd()
    try {
      process.chdir(tree.top)
      for (let level = 0; level < depth; level++) {
        if (level % 100 === 50) fs.writeFileSync('link_remap.4', '')
        fs.mkdirSync(name)
        process.chdir(name)
      }
      fs.writeFileSync('link_remap.6', '')
    } finally {
      process.chdir(here)
    }
    const run = runScan([tree.top, '--since', since, '--remove'])
    t.equal(run.scan.directories, depth + 1)
    t.equal(run.scan.totals.removed, 4)
    t.equal(run.code, 0, run.stderr.slice(0, 500))
    t.equal(runScan([tree.top]).code, 0, 'nothing is left')
    execFileSync('rm', ['-rf', tree.top])
  })

  test('a directory with very many names, and more links than are taken at once', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    for (let index = 0; index < 20_000; index++)
      fs.writeFileSync(join(tree.top, `file-with-a-long-name-${index}`), '')
    const own = [4, 6, 8].map((id) => tree.link('', `link_remap.${id}`))
    const args = [tree.top, '--since', since, '--remove']
    const some = runScan([...args, '--max-remaps', '2'])
    t.equal(some.scan.totals.removed, 2)
    t.equal(some.code, 4, 'there may be more')
    t.match(some.scan.unread, [/^what comes after the first 2 names/])
    const rest = runScan(args)
    t.equal(rest.code, 0)
    t.equal(own.filter((path) => fs.existsSync(path)).length, 0)
    t.equal(fs.readdirSync(tree.top).length, 20_003)
  })

  test('directories that are named twice, in each other, or by a link', (t) => {
    const tree = newTree(t)
    tree.link('app', 'link_remap.4')
    const app = join(tree.top, 'app')
    t.equal(runScan([tree.top, app, tree.top, `${app}/`]).scan.totals.links, 1)
    fs.symlinkSync(app, join(tree.top, 'way'))
    const wrong = gc(['scan', join(tree.top, 'way')])
    t.equal(wrong.code, 2)
    t.match(wrong.stderr, /is a symbolic link/)
    t.equal(gc(['scan', `${app}/link_remap.4`]).code, 2)
    t.equal(gc(['scan', join(tree.top, 'nothing')]).code, 2)
  })

  test('the last name of a file', (t) => {
    const tree = newTree(t)
    const since = tree.moment()
    const link = tree.link('app', 'link_remap.4')
    fs.unlinkSync(keptOf(link))
    const args = [tree.top, '--since', since, '--remove']
    const kept = removes(t, tree, [...args, '--keep-last-link'], [])
    t.strictSame(scanned(kept, tree.top), ['app/link_remap.4 kept last-link'])
    t.equal(removes(t, tree, args, [link]).code, 0)
  })

  for (const [what, by, verdict] of [
    ['a symbolic link', (path: string, to: string) => fs.symlinkSync(to, path), 'kept unsafe-path'],
    [
      'another directory',
      (path: string, to: string) => fs.renameSync(to, path),
      'kept unsafe-path',
    ],
    // It is where it went, and not gone.
    ['nothing', () => undefined, 'kept unsafe-path'],
  ] as const)
    test(`its directory is changed for ${what} before the deletion`, async (t) => {
      const tool = new KillAt()
      t.teardown(() => tool.end())
      const tree = newTree(t)
      const since = tree.moment()
      const link = tree.link('app', 'link_remap.4')
      const victims = tree.dir('victims')
      fs.writeFileSync(join(victims, basename(link)), 'victim\n')
      const app = join(tree.top, 'app')
      // The first call that gives privileges up comes after the look and before the deletion.
      const args = ['scan', tree.top, '--since', since, '--remove', '--json']
      const run = await tool.pause('capset', args, () => {
        fs.renameSync(app, join(tree.base, 'moved'))
        by(app, victims)
      })
      const scan = asScan(run)
      t.strictSame(scanned(scan, tree.top), [`app/link_remap.4 ${verdict}`])
      const all = [...manifest(tree.base).keys()].filter((path) => path.endsWith('/link_remap.4'))
      t.equal(all.length, 2, 'the link where it went, and the victim')
    })

  test('the link is changed for another file before the deletion', async (t) => {
    const tool = new KillAt()
    t.teardown(() => tool.end())
    const tree = newTree(t)
    const since = tree.moment()
    const link = tree.link('app', 'link_remap.4')
    const args = ['scan', tree.top, '--since', since, '--remove', '--json']
    const run = await tool.pause('capset', args, () => {
      fs.writeFileSync(join(tree.base, 'other'), 'victim\n')
      fs.renameSync(join(tree.base, 'other'), link)
    })
    t.match(scanned(asScan(run), tree.top), [/^app\/link_remap\.4 kept (inode|newer)$/])
    t.equal(fs.readFileSync(link, 'utf8'), 'victim\n')
  })

  test('options that go together, and those that do not', (t) => {
    const tree = newTree(t)
    tree.link('app', 'link_remap.4')
    for (const args of [
      ['scan'],
      ['scan', ''],
      ['scan', tree.top, '--remove'],
      ['scan', tree.top, '--until', '1h'],
      ['scan', tree.top, '--since', '1h', '--until', '2h'],
      ['scan', tree.top, '--pid', '1'],
      ['scan', tree.top, '-r', '/'],
      ['show', '--remove'],
      ['clean', '--until', '1h'],
    ])
      t.equal(gc(args).code, 2, args.join(' '))
    t.ok(fs.existsSync(join(tree.top, 'app/link_remap.4')))
  })
})
