// Bundles that somebody turned against the clean-up: what the configuration leads to is never another directory than the
// one that the images recorded.
import fs from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { gc, type Run } from '../rig/gc.js'
import { DATA_MOUNT, HandMade, later, ROOT_MOUNT } from '../rig/hand-made.js'
import { manifest, onlyRemoved } from '../rig/manifest.js'
import { placeOf, test } from './rig.js'

const skip = process.getuid?.() === 0 ? false : 'needs root'

class Bundle extends HandMade {
  readonly victim = this.folder('victim')
  readonly mounts: object[] = []
  rootPath = 'rootfs'

  constructor() {
    super()
    this.rows.push(
      { mntId: ROOT_MOUNT, parent: 1, mountpoint: '/', ...placeOf(this.root) },
      {
        ...{ mntId: DATA_MOUNT, parent: ROOT_MOUNT, mountpoint: '/data', extKey: '/data' },
        ...placeOf(this.volume),
      },
    )
    this.link('app', 2)
    fs.mkdirSync(this.at('data'))
    this.file(this.volume, 'link_remap.4')
    this.remap(4, '/data/link_remap.4', { mntId: DATA_MOUNT })
    // It has all that the images list, as if it were the one.
    for (const [dir, name] of [
      ['app', 'link_remap.2'],
      ['.', 'link_remap.4'],
    ] as const)
      this.file(join(this.victim, dir), name)
    this.dump()
    later()
  }

  bind(source: string, destination: string): void {
    this.mounts.push({ type: 'bind', source, destination, options: ['rbind'] })
  }

  /** clean by nothing but the bundle */
  clean(): Run {
    const config = { root: { path: this.rootPath }, mounts: this.mounts }
    fs.writeFileSync(join(this.base, 'config.json'), JSON.stringify(config))
    return gc(['clean', '--json', '--bundle', this.base, '-D', this.images])
  }
}

interface Case {
  readonly name: string
  readonly turn: (bundle: Bundle) => void
  readonly code: number
  /** links that go, of those listed: "app" and "data" */
  readonly gone?: readonly ('app' | 'data')[]
  readonly message?: RegExp
}

const CASES: readonly Case[] = [
  {
    name: 'nothing turned',
    turn: (bundle) => {
      bundle.bind(bundle.volume, '/data')
    },
    code: 0,
    gone: ['app', 'data'],
  },
  {
    name: 'the root is a link to another directory',
    turn: (bundle) => {
      fs.symlinkSync(bundle.victim, join(bundle.base, 'turned'))
      bundle.rootPath = 'turned'
      bundle.bind(bundle.volume, '/data')
    },
    code: 5,
    message: /victim is not the root file system that was dumped.*the images say .*rootfs/,
  },
  {
    name: 'the root leads up',
    turn: (bundle) => {
      bundle.rootPath = 'rootfs/../victim'
      bundle.bind(bundle.volume, '/data')
    },
    code: 5,
    message: /victim is not the root file system that was dumped/,
  },
  {
    name: 'the source is a link to another directory',
    turn: (bundle) => {
      fs.symlinkSync(bundle.victim, join(bundle.base, 'turned'))
      bundle.bind(join(bundle.base, 'turned'), '/data')
    },
    code: 5,
    message: /turned is not what was mounted on \/data.*victim; the images say .*volume/,
  },
  {
    name: 'a source of another container',
    turn: (bundle) => {
      bundle.bind(bundle.victim, '/data')
    },
    code: 5,
    message: /victim is not what was mounted on \/data/,
  },
  {
    name: 'the destination is a link that leads out of the root',
    turn: (bundle) => {
      fs.rmdirSync(bundle.at('data'))
      fs.symlinkSync(`../../../../../..${bundle.victim}`, bundle.at('data'))
      bundle.bind(bundle.volume, '/data')
    },
    code: 0,
    gone: ['app', 'data'],
  },
  {
    name: 'two sources for one destination, the wrong one last',
    turn: (bundle) => {
      bundle.bind(bundle.volume, '/data')
      bundle.bind(bundle.victim, '/data')
    },
    code: 0,
    gone: ['app', 'data'],
  },
  {
    name: 'a directory of the root is a link that leads out',
    turn: (bundle) => {
      fs.renameSync(bundle.at('app'), bundle.at('away'))
      fs.symlinkSync(`../../../../../..${bundle.victim}/app`, bundle.at('app'))
      bundle.bind(bundle.volume, '/data')
    },
    code: 3,
    gone: ['data'],
  },
]

for (const { name, turn, code, gone = [], message } of CASES)
  test(name, { skip }, (t: Test) => {
    const bundle = new Bundle()
    t.teardown(() => {
      bundle.end()
    })
    turn(bundle)
    const trees = [bundle.root, bundle.volume, bundle.victim]
    const before = manifest(...trees)
    const run = bundle.clean()
    t.equal(run.code, code, `${run.stdout}${run.stderr}`)
    if (message !== undefined) t.match(run.report?.error?.message, message)
    const places = {
      app: join(bundle.root, 'app/link_remap.2'),
      data: join(bundle.volume, 'link_remap.4'),
    }
    t.strictSame(
      onlyRemoved(
        before,
        manifest(...trees),
        gone.map((one) => places[one]),
      ),
      [],
    )
  })
