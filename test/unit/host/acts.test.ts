import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { Acts } from '../../../src/host/acts.js'
import { openNotes } from '../../../src/host/notes.js'
import type { Stat } from '../../../src/sys/stat.js'
import { asRoot as test, type Test } from '../support/check.js'
import { at, b, stat } from '../support/model.js'

const BOOT = `boot ${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')}`
const [T0, T1, T2, T3] = [at(100, 1), at(100, 2), at(200), at(300, 999_999_999)]
const NAME = b('link_remap.6')

const FILE = stat({ inoLow: 7, ctime: T0, btime: at(50, 5), nlink: 3 })
const DIRECTORY = stat({ inoLow: 8, ctime: T0, mode: 0o040755, btime: at(40) })
const changedAt = (of: Stat, ctime: Stat['ctime']): Stat => ({ ...of, ctime })

/** A folder that is not there yet. */
const folder = (t: Test): string => `${t.testdir({})}/criu-gc`

/** A clean-up that removes one link of the file. */
const cleanUp = (place: string, name = 'run-1'): void => {
  const acts = new Acts(openNotes(name, place), place)
  acts.changed('file', FILE, T1)
  acts.gone(DIRECTORY, NAME)
  acts.changed('directory', DIRECTORY, T1)
  acts.flush()
}

/** What another run knows of it. */
const knows = (place: string): readonly [file: boolean, directory: boolean, gone: boolean] => {
  const acts = new Acts(undefined, place)
  return [
    isT0(acts.ctimeBefore(changedAt(FILE, T1))),
    isT0(acts.ctimeBefore(changedAt(DIRECTORY, T1))),
    acts.hasRemoved(DIRECTORY, NAME),
  ]
}

const isT0 = ({ sec, nsec }: Stat['ctime']): boolean => sec === T0.sec && nsec === T0.nsec

const ALL = [true, true, true] as const
const NONE = [false, false, false] as const

test('a run knows what it did itself, also where nothing can be written', (t) => {
  const acts = new Acts(undefined, '/nowhere')
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T1)), T1)
  acts.changed('file', FILE, T1)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T1)), T0)
  t.strictSame(acts.ctimeBefore(FILE), T0)
})

test('several changes, one after the other, lead to the time before all of them', (t) => {
  const acts = new Acts(undefined, '/nowhere')
  acts.changed('file', FILE, T1)
  acts.changed('file', changedAt(FILE, T1), T2)
  acts.changed('file', changedAt(FILE, T2), T3)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T3)), T0)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T2)), T0)
})

test('what was written already, and what was not, is known when it is asked for, and later', (t) => {
  for (const fd of [undefined, openNotes('run-1', folder(t))]) {
    const acts = new Acts(fd, '/nowhere')
    const file = (id: number): Stat => ({ ...FILE, inoLow: id, nlink: 2 })
    const isKnown = (id: number): boolean => isT0(acts.ctimeBefore({ ...file(id), ctime: T1 }))
    // More than is gathered before it is written.
    for (let id = 0; id < 1000; id++) acts.changed('file', file(id), T1)
    t.strictSame([0, 500, 999, 1000].map(isKnown), [true, true, true, false])
    acts.changed('file', file(1000), T1)
    t.ok(isKnown(1000), 'one more')
    acts.flush()
    acts.changed('file', file(1001), T1)
    t.strictSame([1000, 1001, 1002].map(isKnown), [true, true, false])
  }
})

test('what somebody else did meanwhile is not explained', (t) => {
  const acts = new Acts(undefined, '/nowhere')
  acts.changed('file', FILE, T1)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T2)), T2, 'after us')
  acts.changed('file', changedAt(FILE, T2), T3)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T3)), T2, 'between two of us')
})

test('times that lead in a circle have an end', (t) => {
  const acts = new Acts(undefined, '/nowhere')
  acts.changed('file', changedAt(FILE, T1), T2)
  acts.changed('file', changedAt(FILE, T2), T1)
  t.strictSame(acts.ctimeBefore(changedAt(FILE, T2)), T2)
  acts.changed('directory', DIRECTORY, T0)
  t.strictSame(acts.ctimeBefore(DIRECTORY), T0, 'one that is its own')
})

test('another inode, or one that had its number before, is another', (t) => {
  const acts = new Acts(undefined, '/nowhere')
  acts.changed('file', FILE, T1)
  const others: Partial<Stat>[] = [
    { inoLow: 8 },
    { inoHigh: 1 },
    { major: 8 },
    { minor: 1 },
    { btime: at(50, 6) },
    { btime: at(51, 5) },
    { btime: undefined },
  ]
  for (const other of others)
    t.strictSame(acts.ctimeBefore({ ...FILE, ...other, ctime: T1 }), T1, JSON.stringify(other))
  t.strictSame(
    acts.ctimeBefore({ ...FILE, size: 9, mntId: 3, nlink: 1, ctime: T1 }),
    T0,
    'however it is reached, and whatever it became',
  )
})

test('another run knows', (t) => {
  const place = folder(t)
  t.strictSame(knows(place), NONE)
  cleanUp(place)
  t.strictSame(knows(place), ALL)
  const acts = new Acts(undefined, place)
  t.notOk(acts.hasRemoved(DIRECTORY, b('link_remap.66')))
  t.notOk(acts.hasRemoved({ ...DIRECTORY, btime: at(41) }, NAME), 'another directory')
  t.notOk(acts.hasRemoved({ ...DIRECTORY, inoLow: 9 }, NAME))
  t.ok(acts.hasRemoved(changedAt(DIRECTORY, T3), NAME), 'whatever happened in it since')
})

test('the file is root’s alone, in a folder that is', (t) => {
  const place = folder(t)
  cleanUp(place)
  t.equal(fs.statSync(place).mode & 0o777, 0o700)
  t.equal(fs.statSync(`${place}/run-1`).mode & 0o777, 0o600)
  t.equal(
    fs.readFileSync(`${place}/run-1`, 'latin1'),
    `${BOOT}file 254:0:0:7:50.5 100.1 100.2\n` +
      'gone 254:0:0:8:40.0 link_remap.6\n' +
      'directory 254:0:0:8:40.0 100.1 100.2\n',
  )
})

test('the same images again: what was known stays', (t) => {
  const place = folder(t)
  cleanUp(place)
  const acts = new Acts(openNotes('run-1', place), place)
  acts.changed('file', changedAt(FILE, T1), T2)
  acts.flush()
  t.strictSame(knows(place), ALL)
  t.strictSame(new Acts(undefined, place).ctimeBefore(changedAt(FILE, T2)), T0)
})

test('two clean-ups that share an inode', (t) => {
  const place = folder(t)
  const first = new Acts(openNotes('run-1', place), place)
  const second = new Acts(openNotes('run-2', place), place)
  // Nobody has flushed: a file with other names is told at once.
  first.changed('file', FILE, T1)
  second.changed('file', changedAt(FILE, T1), T2)
  t.strictSame(new Acts(undefined, place).ctimeBefore(changedAt(FILE, T2)), T0)
  t.strictSame(second.ctimeBefore(changedAt(FILE, T2)), T0)
})

test('what no other run can ask for is written in the end, or when there is much', (t) => {
  const place = folder(t)
  const acts = new Acts(openNotes('run-1', place), place)
  const length = (): number => fs.statSync(`${place}/run-1`).size
  const empty = length()
  acts.changed('file', { ...FILE, nlink: 2 }, T1)
  acts.gone(DIRECTORY, NAME)
  t.equal(length(), empty)
  for (let id = 0; id < 600; id++) acts.gone(DIRECTORY, b(`link_remap.${id}`))
  t.ok(length() > 16 * 1024)
  acts.flush()
  const whole = length()
  acts.flush()
  t.equal(length(), whole, 'and once')
  t.ok(new Acts(undefined, place).hasRemoved(DIRECTORY, b('link_remap.599')))
})

test('they are read once, when they are first asked for', (t) => {
  const place = folder(t)
  const acts = new Acts(undefined, place)
  cleanUp(place, 'run-1')
  t.ok(acts.hasRemoved(DIRECTORY, NAME))
  cleanUp(place, 'run-2')
  const later = new Acts(openNotes('run-3', place), place)
  later.gone(DIRECTORY, b('link_remap.8'))
  later.flush()
  t.notOk(acts.hasRemoved(DIRECTORY, b('link_remap.8')))
})

test('a name that is not text', (t) => {
  const place = folder(t)
  const acts = new Acts(openNotes('run-1', place), place)
  acts.gone(DIRECTORY, b('link_remap.6.\xff\x80'))
  acts.flush()
  t.ok(new Acts(undefined, place).hasRemoved(DIRECTORY, b('link_remap.6.\xff\x80')))
})

const NOT_ROOT = 65534

/** What makes a file one that is not believed. */
const SPOILT: Readonly<Record<string, (path: string) => void>> = {
  'of somebody else': (path) => fs.chownSync(path, NOT_ROOT, 0),
  'that the group may write': (path) => fs.chmodSync(path, 0o620),
  'that others may read': (path) => fs.chmodSync(path, 0o604),
  'with another name': (path) => fs.linkSync(path, `${path}.other`),
  'that is a symbolic link': (path) => {
    fs.renameSync(path, `${path}.file`)
    fs.symlinkSync(`${path}.file`, path)
    fs.chmodSync(`${path}.file`, 0o600)
  },
  'that is a directory': (path) => {
    fs.unlinkSync(path)
    fs.mkdirSync(path)
  },
  'of another boot': (path) => {
    const text = fs.readFileSync(path, 'latin1')
    fs.writeFileSync(path, text.replace(/boot ..../, 'boot 0-0-'))
  },
  'without a head': (path) => {
    fs.writeFileSync(path, fs.readFileSync(path, 'latin1').slice(BOOT.length))
  },
  'whose head is cut': (path) => {
    fs.truncateSync(path, 9)
  },
  'that is empty': (path) => {
    fs.truncateSync(path)
  },
  'that is too large': (path) => {
    fs.truncateSync(path, 16 * 1024 * 1024 + 1)
  },
}

for (const [what, spoil] of Object.entries(SPOILT))
  test(`a file ${what} is as none`, (t) => {
    const place = folder(t)
    cleanUp(place)
    spoil(`${place}/run-1`)
    if (what === 'that is a symbolic link') fs.renameSync(`${place}/run-1.file`, `${place}/../file`)
    t.strictSame(knows(place), NONE)
  })

test('a file that would be as none is not written to, and stops nothing', (t) => {
  for (const what of [
    'of somebody else',
    'that the group may write',
    'with another name',
    'that is a symbolic link',
    'that is a directory',
    'that is too large',
  ]) {
    // prettier-ignore
    const place = folder(t)
    cleanUp(place)
    const path = `${place}/run-1`
    SPOILT[what]!(path)
    const before = fs.lstatSync(path)
    t.equal(openNotes('run-1', place), undefined, what)
    cleanUp(place)
    const now = fs.lstatSync(path)
    t.strictSame([now.size, now.mtimeMs, now.mode], [before.size, before.mtimeMs, before.mode])
    fs.rmSync(place, { recursive: true })
  }
})

test('a pipe in its place makes nobody wait', (t) => {
  const place = folder(t)
  cleanUp(place, 'run-2')
  execFileSync('mkfifo', ['-m', '600', `${place}/run-1`])
  t.equal(openNotes('run-1', place), undefined)
  t.strictSame(knows(place), ALL)
})

test('nothing stays open but the file that is written', (t) => {
  const place = folder(t)
  const open = (): number => fs.readdirSync('/proc/self/fd').length
  const before = open()
  cleanUp(place)
  t.equal(open(), before + 1)
  fs.chmodSync(`${place}/run-1`, 0o666)
  cleanUp(place)
  t.strictSame(knows(place), NONE)
  t.equal(open(), before + 1)
})

test('of many files no more is read than four may have', (t) => {
  const place = folder(t)
  for (let run = 0; run < 6; run++) {
    cleanUp(place, `run-${run}`)
    const path = `${place}/run-${run}`
    fs.truncateSync(path, 15 * 1024 * 1024)
    fs.appendFileSync(path, `\ngone 254:0:0:8:40.0 link_remap.${run}\n`)
  }
  const acts = new Acts(undefined, place)
  const names = Array.from({ length: 6 }, (_, run) => b(`link_remap.${run}`))
  t.equal(names.filter((name) => acts.hasRemoved(DIRECTORY, name)).length, 4)
})

test('a file of another boot, or whose head is cut, begins anew', (t) => {
  for (const what of ['of another boot', 'without a head', 'whose head is cut', 'that is empty']) {
    const place = folder(t)
    cleanUp(place)
    SPOILT[what]!(`${place}/run-1`)
    const acts = new Acts(openNotes('run-1', place), place)
    acts.gone(DIRECTORY, b('link_remap.8'))
    acts.flush()
    t.equal(
      fs.readFileSync(`${place}/run-1`, 'latin1'),
      `${BOOT}gone 254:0:0:8:40.0 link_remap.8\n`,
      what,
    )
    fs.rmSync(place, { recursive: true })
  }
})

test('one spoilt file leaves the others', (t) => {
  const place = folder(t)
  cleanUp(place, 'run-0')
  cleanUp(place, 'run-1')
  cleanUp(place, 'run-2')
  fs.chmodSync(`${place}/run-0`, 0o666)
  fs.unlinkSync(`${place}/run-1`)
  fs.mkdirSync(`${place}/run-1`)
  t.strictSame(knows(place), ALL)
})

test('a folder that is not root’s alone is as none', (t) => {
  const spoilt: readonly ((place: string) => void)[] = [
    (place) => fs.chownSync(place, NOT_ROOT, 0),
    (place) => fs.chmodSync(place, 0o770),
    (place) => fs.chmodSync(place, 0o701),
    (place) => {
      fs.renameSync(place, `${place}.real`)
      fs.symlinkSync(`${place}.real`, place)
    },
  ]
  for (const spoil of spoilt) {
    const place = folder(t)
    cleanUp(place)
    spoil(place)
    t.strictSame(knows(place), NONE)
    t.equal(openNotes('run-2', place), undefined)
    fs.rmSync(place, { recursive: true })
    fs.rmSync(`${place}.real`, { recursive: true, force: true })
  }
})

test('the last line may be cut', (t) => {
  const place = folder(t)
  cleanUp(place)
  const path = `${place}/run-1`
  const text = fs.readFileSync(path, 'latin1')
  for (let end = BOOT.length; end < text.length; end++) {
    fs.writeFileSync(path, text.slice(0, end))
    const lines = text.slice(BOOT.length, end).split('\n').length - 1
    t.strictSame(knows(place), [lines > 0, false, lines > 1], `${end}`)
  }
})

test('a run after one that was cut loses no more than that line', (t) => {
  const place = folder(t)
  cleanUp(place)
  fs.truncateSync(`${place}/run-1`, fs.statSync(`${place}/run-1`).size - 3)
  const acts = new Acts(openNotes('run-1', place), place)
  acts.gone(DIRECTORY, b('link_remap.8'))
  acts.gone(DIRECTORY, b('link_remap.10'))
  acts.flush()
  const later = new Acts(undefined, place)
  t.strictSame(knows(place), [true, false, true])
  t.ok(later.hasRemoved(DIRECTORY, b('link_remap.10')))
})

test('lines that are none say nothing', (t) => {
  const place = folder(t)
  cleanUp(place)
  const key = '254:0:0:9:-'
  const lines = [
    '',
    'gone',
    `gone ${key}`,
    `file ${key}`,
    `file ${key} 100.1`,
    `file ${key} x 100.2`,
    `file ${key} 100 100.2`,
    `file ${key} 100.1234567890 100.2`,
    `file ${key} NaN.NaN 100.2`,
    `other ${key} 100.1 100.2`,
    `${key} 100.1 100.2`,
  ]
  fs.appendFileSync(`${place}/run-1`, `${lines.join('\n')}\n`)
  t.strictSame(knows(place), ALL)
  const acts = new Acts(undefined, place)
  const other = stat({ inoLow: 9, ctime: T1 })
  t.strictSame(acts.ctimeBefore(other), T1)
  fs.appendFileSync(`${place}/run-1`, `file ${key} -100.1 100.2\n`)
  t.strictSame(new Acts(undefined, place).ctimeBefore(other), at(-100, 1))
})

test('what cannot be made or written is as none, and stops nothing', (t) => {
  const dir = t.testdir({ file: 'x' })
  for (const place of [`${dir}/file`, `${dir}/no/such`, '/proc/criu-gc', '/dev/null']) {
    t.equal(openNotes('run-1', place), undefined, place)
    t.strictSame(knows(place), NONE)
  }
  const full = new Acts(fs.openSync('/dev/full', 'w'), dir)
  full.changed('directory', DIRECTORY, T1)
  full.changed('directory', changedAt(DIRECTORY, T1), T2)
  full.flush()
  t.strictSame(full.ctimeBefore(changedAt(DIRECTORY, T2)), T0, 'this run knows all the same')
})

test('more than the limit is not written', (t) => {
  const place = folder(t)
  const acts = new Acts(openNotes('run-1', place), place)
  const long = b(`link_remap.6.${'x'.repeat(240)}`)
  for (let count = 0; count < 70_000; count++) acts.gone(DIRECTORY, long)
  acts.flush()
  const { size } = fs.statSync(`${place}/run-1`)
  t.ok(size <= 16 * 1024 * 1024)
  t.ok(size > 15 * 1024 * 1024)
})

test('notes are found for few inodes and for many', (t) => {
  const place = folder(t)
  const inode = (inoLow: number): Stat => stat({ inoLow, ctime: T0, btime: at(50), nlink: 2 })
  for (const run of ['run-1', 'run-2', 'run-3']) {
    const acts = new Acts(openNotes(run, place), place)
    for (let i = 0; i < 40; i++)
      if (i % 3 === Number(run.slice(-1)) - 1) acts.changed('file', inode(1000 + i), T1)
    acts.flush()
  }
  const later = new Acts(undefined, place)
  for (let i = -1; i < 41; i++) {
    const time = later.ctimeBefore(changedAt(inode(1000 + i), T1))
    t.equal(isT0(time), i >= 0 && i < 40, `${i}`)
  }
})
