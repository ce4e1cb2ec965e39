// One container, one way to give its checkpoint up, one clean-up by nothing but its name, and what is on disk before and
// after.
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { gc, readReport } from '../../rig/gc.js'
import { manifest, onlyRemoved } from '../../rig/manifest.js'
import type { Abort } from './aborts.js'
import { sh, until, type Container, type Engine } from './engine.js'
import { command } from './rootfs.js'

export interface Row {
  readonly engine: string
  readonly abort: string
  /** Undefined where the runtime has no such way. */
  readonly links?: number
  readonly removed?: number
  readonly exit?: number
  /** It was the command of its own hint that did it. */
  readonly byHint?: boolean
  readonly wrong: readonly string[]
}

const BASE = '/var/lib/trial'

const linksIn = (tree: string): string[] =>
  readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:^|\/)link_remap\.\d+$/.test(name))
    .map((name) => `${tree}/${name}`)
    // What CRIU took back itself may have left a whiteout, as fuse-overlayfs makes one for each name.
    .filter((name) => lstatSync(name).isFile())

/** Also what only it sees, while it runs. */
const treesOf = ({ trees, pid }: Container): string[] => {
  const first = pid()
  const inside = first === undefined ? [] : [`/proc/${first}/root`]
  const there = trees.filter((tree) => sh(`test -d ${tree}`).code === 0)
  return [...there, ...inside.flatMap((root) => [`${root}/tmp`, `${root}/dev/shm`])]
}

const HINT = /(?:this is complete|found by their time): criu-gc (.*)$/m

/** As a shell takes it. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

export const trial = (engine: Engine, abort: Abort): Row => {
  const id = `trial-${engine.name.replace(/\W+/g, '-')}`
  const [data, other] = [`${BASE}/data`, `${BASE}/other`]
  const volumes = { data, other, named: `${id}-files` }
  for (const folder of [data, other, `${BASE}/${volumes.named}`])
    rmSync(folder, { recursive: true, force: true })
  for (const folder of [data, other]) mkdirSync(folder)
  writeFileSync(`${data}/needed`, 'needed')
  const row = { engine: engine.name, abort: abort.name }
  if (abort.isFor?.(engine) === false) return { ...row, wrong: [] }
  const container = engine.create(id, volumes, command(abort.more))
  try {
    const holds = (): boolean => {
      const first = container.pid()
      return first !== undefined && sh(`readlink /proc/${first}/exe`).stdout.includes('/holder')
    }
    const settled = (): void => {
      until('the container holds its files', () => {
        const first = container.pid()
        return (
          first !== undefined && holds() && sh(`ls -l /proc/${first}/fd`).stdout.includes('needed')
        )
      })
    }
    settled()
    if (abort.isPossible?.(container) === false) return { ...row, wrong: [] }
    abort.act(container, data)
    const trees = treesOf(container)
    const links = trees.flatMap(linksIn)
    // FUSE writes times later than files.
    sh('sync')
    const before = manifest(...trees)
    // The machine has a pid namespace of its own: from inside it nobody knows whether a tmpfs lives on somewhere else.
    const given = [...(abort.words?.(container) ?? container.words), '--accept', 'unseen']
    let run = gc(['clean', '--json', ...given])
    let removed = readReport(run.stdout)?.totals?.removed ?? 0
    let hint: string | undefined
    if (run.code !== 0) {
      // Without --json: that says nothing besides its document.
      hint = HINT.exec(gc(['clean', ...given]).stderr)?.[1]
      if (hint !== undefined) {
        run = gc([...words(hint), '--json'])
        removed += readReport(run.stdout)?.totals?.removed ?? 0
      }
    }
    const changes = onlyRemoved(before, manifest(...trees), links)
    const wrong = changes.filter(
      (one) => engine.delaysTimes !== true || !one.includes(': mtimeNs '),
    )
    if (run.code !== 0 && run.code !== 4) {
      const said = gc(['show', '-v', '--plain', ...given])
      wrong.push(`exit ${run.code}: ${run.stderr}${said.stdout}${said.stderr}`)
    }
    if (abort.isGone !== true) {
      if (container.pid() === undefined) {
        const started = container.start()
        if (started.code === 0) settled()
        else wrong.push(`start: ${started.stdout}`)
      }
      if (abort.more === undefined) {
        const next = container.checkpoint()
        if (next.code !== 0) wrong.push(`next checkpoint: ${next.stdout}`)
      }
    }
    return {
      ...row,
      links: links.length,
      removed,
      exit: run.code,
      byHint: hint !== undefined,
      wrong,
    }
  } catch (error) {
    return { ...row, wrong: [error instanceof Error ? (error.stack ?? '') : String(error)] }
  } finally {
    container.remove()
  }
}
