// The life of a scenario: build it in a temporary folder, start its processes, dump them (which kills
// them), and hand over what is left with what ought to become of it.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump, type KillAt } from './criu.js'
import { holder, type Instruction } from './holder.js'
import { remaps, type Remap } from './images.js'
import { startTree, type Tree } from './tree.js'
import { isInside } from './namespace.js'

/** one file that the dump has to make a link for */
export interface Held {
  /** the folder that its link is in, as the process sees it */
  inside: string
  /** the same folder on this machine; undefined: it dies with the process */
  outside?: string
  /** another name of the file, in this machine's terms: how the link is told from others */
  survivor?: string
  size?: number
  mode: number
}

/** what a scenario makes of an empty folder */
export interface Built {
  /** the words for the holder */
  instructions: Instruction[]
  held: Held[]
  /** --external of the dump */
  dumpExternal?: string[]
  /** --root and --external of criu-gc */
  root?: string
  external?: string[]
  /** what the manifest has to cover */
  trees: string[]
  /** more names of links that vanish with them: the upper layer of an overlay */
  twins?: (link: string) => string[]
  /** done after the dump, before criu-gc: the machine as the clean-up finds it */
  afterDump?: () => void
  /** what a person does about the scenario's errno */
  repair?: () => void
  /** undoes mounts that the scenario made on this side */
  cleanup?: () => void
}

export interface Scenario {
  name: string
  /** a line for people */
  about: string
  /** mounts on this machine's side: only in a private mount namespace */
  mounts?: true
  /** what show and clean have to say of every reachable link where it cannot be removed */
  verdict?: 'failed'
  errno?: string
  /** why no leftover is in the way of the next dump; without it, that one fails */
  freeNames?: string
  build: (base: string) => Built
}

export type Left = Held & { link: string; outside: string }

export interface Checkpoint {
  scenario: Scenario
  base: string
  images: string
  built: Built
  /** the links that the dump left on this machine, found on disk and not through the images */
  links: Left[]
  /** paths of those, and of the same links where they show a second time */
  paths: string[]
  /** the link remaps that the images list */
  remaps: Remap[]
  /** the links, as named in the images, that died with the process */
  vanished: string[]
  /** for criu-gc, after the command word */
  arguments: string[]
  cleanup: () => void
}

/** names of links in a folder; decoys among them are there before the dump */
const linkNames = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^link_remap\.\d+$/.test(name))

/** by folder, before the dump */
export function namesBefore(held: Held[]): Map<string, string[]> {
  const folders = held.flatMap((one) => one.outside ?? [])
  return new Map(folders.map((folder) => [folder, linkNames(folder)]))
}

/** the new links in a folder by inode: names are CRIU's choice, inodes are the survivors' */
function newLinks(folder: string, before: string[]): Map<number, string> {
  const names = linkNames(folder).filter((name) => !before.includes(name))
  return new Map(names.map((name) => [lstatSync(join(folder, name)).ino, join(folder, name)]))
}

/** throws when the dump did not leave all the links that it should have left on this machine */
function findLinks(held: Held[], before: Map<string, string[]>): Left[] {
  const found = new Map([...before].map(([folder, names]) => [folder, newLinks(folder, names)]))
  return held.flatMap((one) => {
    const { outside, survivor } = one
    if (outside === undefined || survivor === undefined) return []
    const link = found.get(outside)?.get(lstatSync(survivor).ino)
    if (link === undefined) throw new Error(`the dump left no link to ${survivor} in ${outside}`)
    return [{ ...one, outside, link }]
  })
}

const dirname = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

function optionsOf(images: string, built: Built): string[] {
  const external = (built.external ?? []).flatMap((value) => ['--external', value])
  return ['-D', images, ...(built.root === undefined ? [] : ['-r', built.root]), ...external]
}

/** a new folder that other users may pass through: the root of a user namespace has to */
export function newBase(name: string): string {
  const base = mkdtempSync(join(tmpdir(), `criu-gc-${name}-`))
  chmodSync(base, 0o755)
  return base
}

export interface CheckpointOptions {
  /** an empty folder; a new one unless given, as it is where images are recorded */
  base?: string
  /** done while the processes run and nothing has been dumped: what it makes is older than the dump */
  beforeDump?: (built: Built, tree: Tree) => void
  /** the dump dies there; the processes are ended all the same, after it */
  killAt?: KillAt
  /** done after the dump, while what it left of the processes lives; with arguments for criu-gc */
  beforeEnd?: (built: Built, tree: Tree, options: string[]) => void
  /** more options of dump, such as --leave-running */
  extra?: string[]
}

/** Builds, runs and dumps. Clean up when done; after a failure in here that has been done. */
export async function checkpoint(
  scenario: Scenario,
  options: CheckpointOptions = {},
): Promise<Checkpoint> {
  if (scenario.mounts && !isInside()) throw new Error(`${scenario.name}: needs a mount namespace`)
  const base = options.base ?? newBase(scenario.name)
  const images = join(base, 'images')
  let built: Built | undefined
  const cleanup = (): void => {
    built?.cleanup?.()
    rmSync(base, { recursive: true, force: true })
  }
  try {
    mkdirSync(images, { recursive: true })
    built = scenario.build(base)
    const before = await run(built, base, images, options)
    const rest = finished(built, images, before)
    built.afterDump?.()
    return { scenario, base, images, built, ...rest, cleanup }
  } catch (error) {
    cleanup()
    throw error
  }
}

async function run(built: Built, base: string, images: string, options: CheckpointOptions) {
  // a copy, so that the images name no path of the repository
  const program = join(base, 'holder')
  copyFileSync(holder(), program)
  const tree = await startTree(program, built.instructions)
  try {
    options.beforeDump?.(built, tree)
    const before = namesBefore(built.held)
    const { killAt, extra = [] } = options
    const external = built.dumpExternal ?? []
    dump({ pid: tree.pid, images, external, extra, ...(killAt && { killAt }) })
    options.beforeEnd?.(built, tree, optionsOf(images, built))
    return before
  } finally {
    await tree.stop()
  }
}

/** what follows from the images and from the links on disk; `before` is namesBefore the dump */
export function finished(built: Built, images: string, before: Map<string, string[]>) {
  const links = findLinks(built.held, before)
  const all = remaps(images)
  const dead = new Set(built.held.filter((held) => !held.outside).map((held) => held.inside))
  return {
    links,
    paths: links.flatMap(({ link }) => [link, ...(built.twins?.(link) ?? [])]),
    remaps: all,
    vanished: all.map((remap) => remap.link).filter((link) => dead.has(dirname(link))),
    arguments: optionsOf(images, built),
  }
}
