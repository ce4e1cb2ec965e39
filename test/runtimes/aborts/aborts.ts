// The ways in which a checkpoint is given up.
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Result } from '../../rig/command.js'
import { sh, until, type Container, type Engine } from './engine.js'
import { recipe } from './recipe.js'

export interface Abort {
  readonly name: string
  /** What the container's program does besides. */
  readonly more?: readonly string[]
  /** Whether this runtime has such a way: seen before there is a container, and with one. */
  readonly isFor?: (engine: Engine) => boolean
  readonly isPossible?: (container: Container) => boolean
  readonly act: (container: Container, data: string) => void
  /** In the place of the name of the container. */
  readonly words?: (container: Container) => readonly string[]
  /** It is not there any more. */
  readonly isGone?: true
}

const canExport = (container: Container): boolean => container.export !== undefined

const ARCHIVE = '/var/lib/trial/export.tar.gz'

const good = (what: string, { code, stdout }: Result): void => {
  if (code !== 0) throw new Error(`${what}: exit ${code}\n${stdout}`)
}

const bad = (what: string, { code, stdout }: Result): void => {
  if (code === 0) throw new Error(`${what} should have failed\n${stdout}`)
}

const runs = (container: Container): void => {
  until('the container runs', () => container.pid() !== undefined)
}

/** Variables of killer.c for every CRIU of this machine. */
const KILLING = '/run/criu-killing'

const killed =
  (...variables: string[]): Abort['act'] =>
  (container) => {
    const isParent = variables.includes('CRIU_KILL_PARENT=1')
    writeFileSync(KILLING, variables.map((one) => `export ${one}\n`).join(''))
    try {
      bad('a dump that is killed', container.checkpoint())
    } finally {
      rmSync(KILLING)
    }
    until('CRIU is gone', () => sh('pgrep -x -r R,S,D,T criu').code !== 0)
    // CRIU ends it where nobody is asked whether the runtime is still there.
    if (!isParent) runs(container)
  }

export const ABORTS: readonly Abort[] = [
  { name: 'given up', act: (container) => good('checkpoint', container.checkpoint()) },
  {
    name: 'restore failed',
    isPossible: ({ restore }) => restore !== undefined,
    act: (container, data) => {
      good('checkpoint', container.checkpoint())
      appendFileSync(`${data}/needed`, 'x')
      bad('restore', container.restore!())
    },
  },
  {
    name: 'second dump failed',
    isFor: ({ removesImages }) => removesImages !== true,
    act: (container) => {
      good('checkpoint', container.checkpoint())
      good('start', container.start())
      runs(container)
      bad('a dump over the links of another', container.checkpoint())
    },
  },
  { name: 'CRIU killed at a link', act: killed('CRIU_KILL_LINKAT=2') },
  { name: 'CRIU killed at the end', act: killed('CRIU_KILL_OPEN=pstree.img') },
  { name: 'runtime killed', act: killed('CRIU_KILL_LINKAT=2', 'CRIU_KILL_PARENT=1') },
  {
    name: 'dump failed',
    isFor: ({ dumpsConnections }) => dumpsConnections !== true,
    more: ['tcp'],
    act: (container) => bad('a dump with a connection', container.checkpoint()),
  },
  {
    name: 'removed',
    // The others forget it, and with it go its images or where its mounts were.
    isPossible: ({ words }) => words.includes('--bundle'),
    isGone: true,
    act: (container) => {
      good('checkpoint', container.checkpoint())
      good('remove', container.remove())
    },
  },
  {
    name: 'exported',
    isPossible: canExport,
    act: (container) => {
      good('export', container.export!(ARCHIVE))
    },
  },
  {
    name: 'exported and removed',
    isPossible: canExport,
    isGone: true,
    words: () => recipe('podman', 2, { 'demo.tar.gz': ARCHIVE }),
    act: (container) => {
      good('export', container.export!(ARCHIVE))
      good('remove', container.remove())
    },
  },
]
