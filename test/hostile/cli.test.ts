// The command with what it cannot work with: the right exit code, what is wrong and where, what was not
// done and what to do next, and nothing touched.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { must } from '../rig/command.js'
import { gc, program } from '../rig/gc.js'
import { inside } from '../rig/inner.js'
import { node } from '../rig/repo.js'
import { needs } from '../rig/needs.js'
import { newWorld, test, unchanged, withoutMount, type World } from './rig.js'

interface Bad {
  name: string
  /** changes the world, or the options; the images are written afterwards */
  prepare?: (world: World) => void
  /** after the images were written */
  spoil?: (world: World) => void
  args?: (world: World) => string[]
  code: number
  /** each has to be in the text: what, where, what next */
  says: (world: World) => (string | RegExp)[]
}

const word = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}
const write = (name: string, data: string | Buffer) => (world: World) =>
  fs.writeFileSync(join(world.images, name), data)
const clear = (world: World): void => {
  for (const name of fs.readdirSync(world.images)) fs.unlinkSync(join(world.images, name))
}
const UNTOUCHED = /nothing was (touched|deleted)/

const cases: Bad[] = [
  {
    name: 'an empty directory',
    spoil: clear,
    code: 7,
    says: ({ images }) => ['no images of a CRIU dump', images, UNTOUCHED, 'inventory.img'],
  },
  {
    name: 'a directory with other files',
    spoil: (world) => {
      clear(world)
      write('README', 'hello')(world)
      write('photo.img', Buffer.alloc(1000, 1))(world)
    },
    code: 7,
    says: ({ images }) => ['no images of a CRIU dump', images, UNTOUCHED],
  },
  {
    name: 'images of another program',
    spoil: (world) => {
      for (const name of fs.readdirSync(world.images)) write(name, 'GIF89a, and more')(world)
    },
    code: 7,
    says: ({ images }) => ['is not a CRIU inventory image', `${images}/inventory.img`, UNTOUCHED],
  },
  {
    name: 'an unsupported version',
    prepare: (world) => {
      world.inventory = { version: 3 }
    },
    code: 7,
    says: ({ images }) => ['version 3 is not supported', `${images}/inventory.img`, UNTOUCHED],
  },
  {
    name: 'images without a byte',
    spoil: (world) => {
      for (const name of fs.readdirSync(world.images)) write(name, '')(world)
    },
    code: 4,
    says: () => [
      'these images say nothing of links',
      'inventory.img is empty',
      'if the container lives, --pid PID',
    ],
  },
  {
    name: 'a huge length',
    spoil: ({ images }) => {
      fs.appendFileSync(join(images, 'remap-fpath.img'), word(0xffffffff))
      fs.truncateSync(join(images, 'files.img'), 8)
      fs.appendFileSync(join(images, 'files.img'), Buffer.concat([word(0xfffffff0), word(1)]))
    },
    code: 4,
    says: () => ['this dump was killed', 'files.img is cut at byte 8', '4294967280 bytes'],
  },
  {
    name: 'no image directory',
    args: ({ base }) => ['-D', join(base, 'nowhere')],
    code: 2,
    says: ({ base }) => [join(base, 'nowhere'), 'ENOENT', 'criu dump'],
  },
  {
    name: 'a file in the place of the image directory',
    args: ({ images }) => ['-D', join(images, 'files.img')],
    code: 2,
    says: () => ['files.img', 'it is an image of CRIU', 'the directory that it is in', 'criu dump'],
  },
  {
    name: 'no --root',
    args: ({ images }) => ['-D', images],
    code: 3,
    says: () => ['no root was given', 'add --root', '/app/link_remap.4'],
  },
  {
    name: 'an external mount without its mapping',
    prepare: (world) => {
      world.links = []
      world.external('the key', 6)
    },
    code: 3,
    says: () => ['/data/link_remap.6', "add --external 'mnt[the key]:PATH'", '/data'],
  },
  {
    name: 'an external mapping with a key that the dump does not have',
    prepare: (world) => {
      world.links = []
      world.external('/data', 6)
      world.options = ['--external', `mnt[/dta]:${world.volume}`]
    },
    code: 3,
    says: () => ['no external mount of the dump is called /dta (there are: /data)'],
  },
  {
    name: 'an external mapping that is no resource',
    args: ({ images, volume }) => ['-D', images, '--external', `mnt[/data]=${volume}`],
    code: 2,
    says: ({ volume }) => [`write --external 'mnt[/data]:${volume}'`],
  },
  {
    name: 'a --root that is not the rootfs',
    args: ({ images, host }) => ['-D', images, '-r', join(dirname(host), 'work')],
    code: 3,
    says: () => ['elsewhere', '/app/link_remap.4', 'is not what was mounted at the dump'],
  },
  {
    name: 'a --root that is not there',
    args: ({ images, base }) => ['-D', images, '-r', join(base, 'nowhere')],
    code: 2,
    says: ({ base }) => [`--root ${base}/nowhere`, 'ENOENT', UNTOUCHED],
  },
  {
    name: 'a --root that is a file',
    args: ({ images, host }) => ['-D', images, '-r', join(host, 'precious')],
    code: 2,
    says: () => ['--root', 'is not a directory', UNTOUCHED],
  },
  {
    name: 'an external mapping that is not there',
    prepare: (world) => {
      world.links = []
      world.external('data', 6)
      world.options = ['--external', `mnt[data]:${world.base}/nowhere`]
    },
    code: 3,
    says: ({ base }) => ['/data/link_remap.6', `${base}/nowhere`, 'ENOENT'],
  },
  {
    name: 'an external mapping that is a symbolic link',
    prepare: (world) => {
      world.links = []
      world.external('data', 6)
      fs.symlinkSync(world.volume, join(world.base, 'link'))
      world.options = ['--external', `mnt[data]:${world.base}/link`]
    },
    code: 3,
    says: ({ base }) => ['/data/link_remap.6', `${base}/link is a symbolic link`],
  },
  {
    name: 'the same with slashes at its end',
    prepare: (world) => {
      world.links = []
      world.external('data', 6)
      fs.symlinkSync(world.volume, join(world.base, 'link'))
      world.options = ['--external', `mnt[data]:${world.base}/link//`]
    },
    code: 3,
    says: ({ base }) => ['/data/link_remap.6', `${base}/link is a symbolic link`],
  },
  {
    name: 'images of a tree without a mount namespace, and a --root',
    prepare: (world) => {
      world.rows = []
      world.links = world.links.map((link) => withoutMount(link))
    },
    code: 5,
    says: () => ["the host's mount namespace", '--root', UNTOUCHED],
  },
  { name: 'no command', args: () => [], code: 2, says: () => ['no command'] },
  {
    name: 'an option that is none',
    args: ({ images }) => ['-D', images, '--frobnicate'],
    code: 2,
    says: () => ['frobnicate'],
  },
  {
    name: 'an external value that is none',
    args: ({ images }) => ['-D', images, '--external', 'mnt[]:/etc'],
    code: 2,
    says: () => ['mnt[]:/etc'],
  },
]

/** text and JSON of one failure */
function refused(t: Test, world: World, args: string[], bad: Bad): void {
  for (const json of [[], ['--json']]) {
    const words = bad.name === 'no command' ? [] : ['clean', ...args]
    const run = unchanged(t, world, [...words, ...json])
    t.equal(run.code, bad.code, run.stderr)
    const text = run.stdout + run.stderr
    if (json.length === 0) for (const part of bad.says(world)) t.match(text, part)
    else t.equal(run.report?.exit.code, bad.code, run.stdout)
    if (json.length === 0) t.ok(text.split('\n').length < 10, 'not a book')
    if (json.length === 0 && bad.code !== 3) t.equal(run.stdout, '', 'no report')
  }
}

await inside(import.meta.url, () => {
  for (const bad of cases)
    test(`bad input: ${bad.name}: exit ${bad.code}`, (t) => {
      const world = newWorld(t, { alone: true })
      world.link('app', 4)
      bad.prepare?.(world)
      world.dump()
      bad.spoil?.(world)
      refused(t, world, bad.args?.(world) ?? world.args(), bad)
    })

  test('a log file that is an image of the dump: exit 2', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    fs.copyFileSync(join(world.images, 'files.img'), join(world.images, 'copy'))
    for (const name of ['files.img', 'copy']) {
      const run = unchanged(t, world, ['show', ...world.args(), '-o', name])
      t.equal(run.code, 2, run.stderr)
      t.match(run.stderr, `${world.images}/${name}: the log file `)
      t.match(run.stderr, UNTOUCHED)
    }
  })

  test('a log of CRIU is never a log file of ours, wherever it is named', (t) => {
    const world = newWorld(t, { alone: true })
    const link = world.link('app', 4)
    world.dump()
    const log = join(world.images, 'dump.log')
    fs.writeFileSync(log, '(00.000001) Version: 4.2.1\n')
    const config = join(world.base, 'x.conf')
    fs.writeFileSync(config, 'log-file dump.log\nwork-dir=/nowhere\n')
    const shown = unchanged(t, world, ['show', ...world.args(), '--config', config, '-v4'])
    t.equal(shown.code, 3, shown.stderr)
    t.match(
      shown.stderr,
      `${config}: line 1: log-file is taken from the command line alone: ignored`,
    )
    t.match(shown.stderr, `${config}: line 2: work-dir is taken`)
    const named = unchanged(t, world, ['clean', ...world.args(), '-o', 'dump.log'], [link])
    t.equal(named.code, 0, named.stderr)
    t.match(named.stderr, 'dump.log is there, and not by criu-gc: it is left as it is')
    t.match(named.stderr, '1 removed')
  })

  test('more link remaps than the limit: it says which and how to raise it', (t) => {
    const world = newWorld(t, { alone: true })
    const links = [world.link('app', 4), world.link('app', 6)]
    world.dump()
    const args = ['clean', ...world.args(), '--max-remaps']
    const less = unchanged(t, world, [...args, '1'])
    t.equal(less.code, 7, less.stderr)
    t.match(less.stderr, 'remap-fpath.img: more than 1 link remaps')
    t.match(less.stderr, 'raise the limit with --max-remaps')
    t.equal(unchanged(t, world, [...args, '2'], links).code, 0)
  })

  test('a log file on a full disk: messages on standard error, the exit code of the run', (t) => {
    const world = newWorld(t, { alone: true })
    const link = world.link('app', 4)
    world.dump()
    const disk = join(world.base, 'full')
    fs.mkdirSync(disk)
    world.mount('-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk)
    fs.writeFileSync(join(disk, 'fill'), Buffer.alloc(4096))
    const run = unchanged(t, world, ['clean', ...world.args(), '-W', disk, '-o', 'log'], [link])
    t.equal(run.code, 0, run.stderr)
    t.match(
      run.stderr,
      /^criu-gc: the log file could not be written \(ENOSPC\)\ncriu-gc: .* other links .*\ncriu-gc: 1 link remap: 1 removed\n$/,
    )
  })

  test('help and version into a full file', (t) => {
    for (const option of ['--help', '--version']) {
      const script = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
      const { code, stderr } = gc([option], script)
      t.equal(code, 1)
      t.match(stderr, 'criu-gc: the text could not be written (ENOSPC)')
      t.notMatch(stderr, 'removed')
    }
  })

  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const may = spawnSync('env', [...nobody, node, program, '--version']).status === 0
  const skip = may ? false : 'an ordinary user cannot run this Node or this clone'
  test('bad input: not root: exit 8', { skip }, (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    must('chmod', ['-R', 'a+rX', world.base])
    const run = unchanged(t, world, ['clean', ...world.args()], [], { under: nobody })
    t.equal(run.code, 8, run.stderr)
    t.match(run.stderr, /not root/)
    t.match(run.stderr, /nothing was touched; run it as root/)

    // root's own configuration, which nobody else may read
    const home = join(world.base, 'home')
    fs.mkdirSync(join(home, '.criu'), { recursive: true })
    fs.writeFileSync(join(home, '.criu/default.conf'), 'nonsense\n')
    fs.chmodSync(home, 0o700)
    const ofRoot = [`HOME=${home}`, ...nobody]
    const there = unchanged(t, world, ['clean', ...world.args()], [], { under: ofRoot })
    t.equal(there.code, 8, there.stderr)
    t.match(there.stderr, /not root/)
    for (const word of ['help', '--version']) t.equal(gc([word], ofRoot).code, 0, word)
    t.equal(gc(['help'], [`HOME=${home}`]).code, 0, 'help with a bad file')
  })

  test('a configuration file: its mistakes by line, and its name with -v4', (t) => {
    const world = newWorld(t, { alone: true })
    world.link('app', 4)
    world.dump()
    const file = join(world.base, 'x.conf')
    fs.writeFileSync(file, 'link-remap\nverbosity=x\n')
    const bad = gc(['show', '--config', file, '--json'])
    t.equal(bad.code, 2)
    t.match(bad.stderr, `criu-gc: ${file}: line 2: -vx: a number`)
    t.match(bad.report, { command: 'show', error: { where: `${file}: line 2` } })
    fs.writeFileSync(file, 'link-remap\n')
    const read = gc(['show', ...world.args(), '--config', file, '-v4'])
    t.match(read.stderr, `criu-gc: configuration file ${file} was read\n`)
    t.match(read.stderr, 'criu-gc: --link-remap means nothing')
    t.notMatch(gc(['show', ...world.args(), '--config', file, '-v']).stderr, 'was read')
  })

  test(
    'bad input: root without CAP_DAC_OVERRIDE: exit 7',
    { skip: needs('setpriv', 'util-linux') },
    (t) => {
      const world = newWorld(t, { alone: true })
      world.link('app', 4)
      world.dump()
      const caps = '-dac_override,-dac_read_search'
      const under = ['setpriv', '--bounding-set', caps, '--inh-caps', caps]
      for (const path of [join(world.images, 'files.img'), world.images]) {
        fs.chownSync(path, 65534, 65534)
        fs.chmodSync(path, 0o700)
        const run = unchanged(t, world, ['clean', ...world.args()], [], { under })
        t.equal(run.code, 7, run.stderr)
        t.match(run.stderr, `criu-gc: ${path}: permission denied`)
        t.match(run.stderr, /nothing was touched; this needs root with CAP_DAC_OVERRIDE/)
      }
    },
  )

  test(
    'bad input: root without the capability: exit 8',
    { skip: needs('setpriv', 'util-linux') },
    (t) => {
      const world = newWorld(t, { alone: true })
      world.link('app', 4)
      world.dump()
      const under = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin']
      const run = unchanged(t, world, ['clean', ...world.args()], [], { under })
      t.equal(run.code, 8, run.stderr)
      t.match(run.stderr, /CAP_SYS_ADMIN/)
      t.match(run.stderr, /nothing was (touched|deleted)/)
    },
  )
})
