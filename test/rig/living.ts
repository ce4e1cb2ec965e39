// A tree that a dump is made of and that lives on: what is on its file systems, also those that only it sees, and
// whether it still works.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unblock } from './dump-at.js'
import { holder, type Instruction } from './holder.js'
import { diffManifest, manifest, type Manifest } from './manifest.js'
import { newBase, type Built } from './scenario.js'
import { send } from './signal.js'
import { startTree, type Tree } from './tree.js'

export interface Shape {
  readonly name: string
  /** what of it is seen only from inside; called with its process ids, the first one first */
  readonly inside?: (pids: readonly number[]) => string[]
  readonly build: (base: string) => Built
}

export interface Living {
  readonly base: string
  readonly built: Built
  readonly tree: Tree
  /** without one that only launched the first of a pid namespace */
  readonly pids: readonly number[]
  readonly look: () => Manifest
  readonly end: () => Promise<void>
}

/** may be called again in the same place: a second copy, with `extra` words before its own */
export const startIn = (base: string, built: Built, extra: Instruction[] = []): Promise<Tree> =>
  startTree(join(base, 'holder'), [...extra, ...built.instructions])

export const pidsOf = ({ pid, pids }: Tree): number[] => pids.slice(pids.indexOf(pid))

/** builds and starts it; end it when done */
export const startLiving = async (shape: Shape): Promise<Living> => {
  const base = newBase('living')
  let built: Built | undefined
  let tree: Tree | undefined
  const end = async (): Promise<void> => {
    await tree?.stop()
    built?.cleanup?.()
    rmSync(base, { recursive: true, force: true })
  }
  try {
    mkdirSync(join(base, 'images'))
    copyFileSync(holder(), join(base, 'holder'))
    built = shape.build(base)
    tree = await startIn(base, built)
    const pids = pidsOf(tree)
    const trees = [...built.trees, ...(shape.inside?.(pids) ?? [])]
    // what only a process sees is gone with it
    const look = (): Manifest => manifest(...trees.filter((path) => existsSync(path)))
    return { base, built, tree, pids, end, look }
  } catch (error) {
    await end()
    throw error
  }
}

/** names of links that came, wherever they are seen */
export const newLinks = (before: Manifest, after: Manifest): string[] =>
  diffManifest(before, after).added.filter((path) => /^link_remap\.\d+$/.test(basename(path)))

const { SIGTRAP, SIGSEGV } = constants.signals

/** In ms: a process that takes longer than that hangs. */
const PATIENCE = 60_000

export const until = async <T>(what: string, ask: () => T | undefined): Promise<T> => {
  const end = Date.now() + PATIENCE
  for (;;) {
    const answer = ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`${what}: nothing in ${PATIENCE} ms`)
    await sleep(5)
  }
}

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

const fieldOf = (pid: number, name: string): string =>
  new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(read(pid, 'status'))?.[1] ?? ''

export const isDead = (pid: number): boolean => ['', 'Z', 'X'].includes(fieldOf(pid, 'State'))

/** who traced them is gone, and they wait again, or have ended */
export const settled = async (pids: readonly number[]): Promise<void> => {
  for (const pid of pids)
    await until(`process ${pid} is busy`, () => (isDead(pid) || isWaiting(pid) ? true : undefined))
}

const isWaiting = (pid: number): boolean =>
  fieldOf(pid, 'TracerPid') === '0' && fieldOf(pid, 'State') === 'S'

export type Health = 'works' | 'works, unblocked' | 'broken'

/**
 * Each writes to all its files and reads them back. CRIU's end may have broken it, which is "broken", or left it with
 * all signals blocked.
 */
export const askAll = async (pids: readonly number[]): Promise<Health> => {
  const all: Health[] = []
  for (const pid of pids) all.push(await ask(pid))
  return all.includes('broken')
    ? 'broken'
    : all.includes('works, unblocked')
      ? all.find((one) => one !== 'works')!
      : 'works'
}

/** @throws where a process that is not reaped yet ended by anything but what CRIU's parasite does to it */
const mustBeBroken = (pid: number): 'broken' => {
  const stat = read(pid, 'stat')
  const code = Number(stat.trim().split(' ').at(-1))
  if (stat !== '' && ![SIGTRAP, SIGSEGV].includes(code & 0x7f))
    throw new Error(`process ${pid} ended with status ${code}`)
  return 'broken'
}

const ask = async (pid: number): Promise<Health> => {
  if (isDead(pid)) return mustBeBroken(pid)
  const isBlocked = fieldOf(pid, 'SigBlk').startsWith('ffffffff')
  const before = read(pid, 'comm')
  if (!send(pid, 'SIGUSR1')) return mustBeBroken(pid)
  if (isBlocked) unblock(pid)
  const answer = await until(`process ${pid} does not answer`, () => {
    const now = read(pid, 'comm')
    if (isDead(pid)) return 'dead'
    return now !== before && /^(works|broken) \d+\n$/.test(now) ? now : undefined
  })
  if (answer.startsWith('works')) return isBlocked ? 'works, unblocked' : 'works'
  if (answer === 'dead') return mustBeBroken(pid)
  throw new Error(`process ${pid} cannot read what it wrote: ${answer}`)
}
