// Trees that hold an unlinked file each in another way.
import { copyFileSync, linkSync, unlinkSync, writeFileSync } from 'node:fs'
import * as h from '../holder.js'
import type { Living, Shape } from '../living.js'
import { chownAll, makeRootfs, makeTree } from '../rootfs.js'

export interface Holding extends Shape {
  /** how many links the dump makes; none where it is another's work to make them */
  readonly links: number
  /** what the report says of who holds the file */
  readonly heldBy: RegExp
  /** done when it runs */
  readonly then?: (living: Living) => void
}

const container = (
  inside: h.Instruction[],
  more: Partial<Holding> & { folders?: string[]; userns?: number },
): Pick<Holding, 'build'> => ({
  build(base) {
    const folders = ['data', 'tmp', 'app/jail', ...(more.folders ?? [])]
    const root = makeRootfs(`${base}/rootfs`, folders)
    const volume = makeTree(`${base}/volume`)
    copyFileSync(`${root}/holder`, `${root}/app/program`)
    copyFileSync(h.oddHolder(), `${root}/odd-holder`)
    writeFileSync(`${volume}/shared`, 'x'.repeat(9))
    if (more.userns !== undefined) for (const tree of [root, volume]) chownAll(tree, more.userns)
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp')],
        inside,
        more.userns,
      ),
      held: [],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
})

const holding = (
  name: string,
  heldBy: RegExp,
  links: number,
  inside: h.Instruction[],
  more: Partial<Holding> & { folders?: string[]; userns?: number } = {},
): Holding => ({ name, heldBy, links, ...container(inside, more), ...more })

const odd = (...words: string[]): h.Instruction => ['exec', '/odd-holder', ...words]

/** the name by which all have it open is taken from a file of the volume */
const loseShared = ({ base }: Living): void => {
  linkSync(`${base}/volume/shared`, `${base}/volume/kept`)
  unlinkSync(`${base}/volume/shared`)
}

const DESCRIPTOR = /^descriptor \d+ of process \d+$/
const IN_SOCKET = /^a message in socket \d+ of process \d+$/

export const dumped: readonly Holding[] = [
  holding('mapped only', /^mapping [0-9a-f]+-[0-9a-f]+ of process \d+$/, 1, [
    h.map('/app/old', '/app/kept', 8192),
  ]),
  holding('a program that is gone', /^(the program|mapping [0-9a-f-]+) of process \d+$/, 1, [
    ['exec', '/app/program', 'stdio', 'lose', '/app/program', '/app/kept'],
  ]),
  holding('a child only', DESCRIPTOR, 1, [
    ['fork', ...h.hold('/data/old', '/data/kept', 5), 'end'],
  ]),
  holding('a chrooted task', DESCRIPTOR, 2, [
    ['fork', 'chroot', '/app/jail', ...h.hold('/old', '/kept', 5), 'end'],
    h.hold('/app/old', '/app/kept', 6),
  ]),
  holding('one message with all files', IN_SOCKET, 4, [odd('queue', '/app', '4', '4')]),
  holding('a message for each file', IN_SOCKET, 5, [odd('queue', '/data', '5', '1')]),
  holding(
    'a user namespace',
    DESCRIPTOR,
    2,
    [h.hold('/app/old', '/app/kept', 5), h.hold('/data/old', '/data/kept', 6, 0o600)],
    { userns: 100000 },
  ),
  holding(
    'two mount namespaces with a volume in both',
    DESCRIPTOR,
    // CRIU makes one for each mount by which a file is open
    3,
    [
      h.open('/data/shared'),
      h.nested([h.tmpfs('/tmp')], [h.open('/data/shared'), h.hold('/data/old', '/data/own', 5)]),
    ],
    { then: loseShared },
  ),
]

/** CRIU knows nothing of such files, and links none: another one's link has the same evidence */
export const undumped: readonly Holding[] = [
  holding('a thread only', /^descriptor \d+ of thread \d+ of process \d+$/, 0, [
    odd('thread', '/app'),
  ]),
  holding(
    'a thread that outlived the first one',
    /^descriptor \d+ of thread \d+ of process \d+$/,
    0,
    [odd('alone', '/app')],
  ),
]
