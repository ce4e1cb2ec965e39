// What the dump cannot have made or seen, by its times: an older link is another dump's, and a directory
// that nothing happened to during the dump, or that was made after it, is not the one with the links.
import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { later } from '../rig/hand-made.js'
import { inside } from '../rig/inner.js'
import { check, newWorld, test, type Expected, type World, type WorldOptions } from './rig.js'

interface Case {
  name: string
  host?: true
  force?: true
  /** what is old by the time of the dump */
  old?: (world: World) => void
  /** what happens during the dump, and what ought to come of it */
  act: (world: World) => Expected
}

const KEPT = { verdicts: ['4 kept unreachable'] }
const OLDER: Expected = { verdicts: ['4 kept older'], says: /another dump made it/ }
const OLD_DIRECTORY: Expected = {
  verdicts: ['4 kept older'],
  says: /cannot have made a link in it/,
}

const link = (world: World): void => void world.link('app', 4)
const missing = (world: World): void => void world.place('app', 4)
/** what is left of its path is what counts */
const missingBelow = (world: World): void => {
  fs.mkdirSync(world.at('app'))
  world.remap(4, world.inside('app/gone/deeper/link_remap.4'))
}
/** as the links of a dump change it */
const changed = (world: World): void => fs.writeFileSync(world.at('app/made meanwhile'), '')
const removed = (world: World): Expected => ({
  verdicts: ['4 removed'],
  removed: [world.at('app/link_remap.4')],
})

const both = (one: Case): Case[] => [
  one,
  { ...one, name: `${one.name}, in a host tree`, host: true },
]
const forced = (one: Case, act: Case['act']): Case[] => [
  ...both(one),
  { ...one, name: `${one.name}, with --force`, force: true, act },
]

const inVolume = (world: World): void => {
  world.external('data', 4)
  world.options = ['--external', `mnt[data]:${world.volume}`]
}

/** all of them are as old: this file waits once */
const aged: Case[] = [
  ...forced(
    {
      name: 'an older link, in a directory that changed during the dump',
      old: link,
      act: (world) => {
        changed(world)
        return OLDER
      },
    },
    (world) => {
      changed(world)
      return removed(world)
    },
  ),
  ...both({ name: 'an older link in an older directory', old: link, act: () => OLDER }),
  {
    name: 'an older link in a volume',
    old: inVolume,
    act: (world) => {
      fs.writeFileSync(join(world.volume, 'made meanwhile'), '')
      return OLDER
    },
  },
  ...forced({ name: 'no link in an older directory', old: missing, act: () => KEPT }, () => ({
    verdicts: ['4 absent unproven'],
  })),
  ...forced(
    { name: 'no directory below an older one', old: missingBelow, act: () => KEPT },
    () => ({ verdicts: ['4 absent parent-gone unproven'] }),
  ),
  {
    name: 'no link in an older volume',
    old: (world) => {
      inVolume(world)
      fs.unlinkSync(join(world.volume, 'link_remap.4'))
    },
    act: () => KEPT,
  },
  ...both({
    name: 'no link in an older directory that changed during the dump',
    old: missing,
    act: (world) => {
      changed(world)
      return { verdicts: ['4 absent'] }
    },
  }),
  ...both({
    name: 'no directory below an older one that changed during the dump',
    old: missingBelow,
    act: (world) => {
      changed(world)
      return { verdicts: ['4 absent parent-gone unproven'] }
    },
  }),
  ...[11, 10].map((size): Case => ({
    name: `a link of ${size} bytes for 10, its inode changed during the dump, its directory did not`,
    old: (world) => void world.link('app', 4, { size, says: { size: 10 } }),
    act: (world) => {
      fs.chmodSync(world.at('app/link_remap.4'), 0o644)
      return OLD_DIRECTORY
    },
  })),
]

/** another directory in its place: nothing of this has to be old */
const replaced = (world: World, dir: string): Expected => ({
  ...KEPT,
  after: () => {
    later()
    fs.renameSync(dir, join(world.base, 'moved'))
    fs.mkdirSync(dir)
  },
})
const inReplacedApp = (world: World): Expected => {
  world.link('app', 4)
  return replaced(world, world.at('app'))
}

const young: Case[] = [
  ...forced({ name: 'its directory was replaced after the dump', act: inReplacedApp }, (world) => ({
    ...inReplacedApp(world),
    verdicts: ['4 absent unproven'],
  })),
  ...both({
    name: 'a directory above it was replaced after the dump',
    act: (world) => {
      world.link('app/deep', 4)
      return replaced(world, world.at('app'))
    },
  }),
  {
    name: 'a volume was replaced after the dump',
    act: (world) => {
      inVolume(world)
      return replaced(world, world.volume)
    },
  },
  {
    name: 'a tmpfs was mounted over it after the dump, in a host tree',
    host: true,
    act: (world) => {
      world.link('app', 4)
      world.cover()
      const after = (): void => {
        later()
        world.mount('-t', 'tmpfs', '-o', 'size=1m', 'cover', world.at('app'))
      }
      return { ...KEPT, after }
    },
  },
]

/** long enough for file systems that count in steps of two seconds, and a second for the fraction */
const WAIT = 3050

const options = ({ host }: Case): WorldOptions => ({ host: host === true, alone: true })

/** the harmless one first, as `check` has it; made last, because it is not old */
function checkBesideGood(t: Test, world: World, { force, act }: Case): void {
  // What is old was made at least WAIT before, and all that comes now is the dump's, however slowly.
  world.begun = new Date()
  const expected = act(world)
  const rest = world.links
  world.links = []
  world.link('good', 90)
  world.links.push(...rest)
  if (force) world.options.push('--force')
  check(t, world, expected)
}

await inside(import.meta.url, () => {
  const worlds = aged.map((one) => {
    const world = newWorld(t, options(one))
    one.old?.(world)
    return world
  })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT)
  aged.forEach((one, index) => {
    test(one.name, (t) => {
      checkBesideGood(t, worlds[index] as World, one)
    })
  })

  for (const one of young)
    test(one.name, (t) => {
      checkBesideGood(t, newWorld(t, options(one)), one)
    })
})
