// What the tests need of a runtime: a container that holds unlinked files, and the ways in which its checkpoint may go.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { attempt, type Result } from '../../rig/command.js'

export interface Container {
  /** Directories of this host in which its files are when it does not run. */
  readonly trees: readonly string[]
  /** Of its first process; undefined where it does not run. */
  readonly pid: () => number | undefined
  /** Again, without a checkpoint. */
  readonly start: () => Result
  /** Ends it, unless that fails. */
  readonly checkpoint: () => Result
  /** Undefined where the runtime cannot be asked to. */
  readonly restore?: () => Result
  /** The container goes, its volumes stay. */
  readonly remove: () => Result
  /** To an archive, and ends it. */
  readonly export?: (file: string) => Result
  /** All that criu-gc is told of it. */
  readonly words: readonly string[]
}

/** Host directories that are mounted into it. */
export interface Volumes {
  readonly data: string
  readonly other: string
  /** Name of a volume that the runtime makes. */
  readonly named: string
}

export interface Engine {
  readonly name: string
  /** The destination of `other`: below a symbolic link, where the runtime can checkpoint that. */
  readonly behind: string
  /** Its containers are always dumped with their connections. */
  readonly dumpsConnections?: true
  /** The next start without them removes the images, so that nobody knows of their links any more. */
  readonly removesImages?: true
  /** Once, before the first container. */
  readonly begin: () => void
  readonly create: (name: string, volumes: Volumes, command: readonly string[]) => Container
}

/** A program of the machine; what it starts in the background does not hold us up. */
export const sh = (command: string): Result =>
  attempt('sh', ['-c', `{ ${command}; } 2>&1 </dev/null`])

export const must = (command: string): string => {
  const done = sh(command)
  if (done.code !== 0) throw new Error(`${command}: exit ${done.code}\n${done.stdout}`)
  return done.stdout.trim()
}

/** What a process of the machine does by itself. */
export const until = (what: string, test: () => boolean): void => {
  for (let left = 200; !test(); left -= 1) {
    if (left === 0) throw new Error(`it takes too long: ${what}`)
    attempt('sleep', ['0.1'])
  }
}

/** A daemon of the machine, whose socket says when it is there. */
export const daemon = (command: string, socket: string): void => {
  if (existsSync(socket)) return
  const log = `/var/log/${path.basename(command.split(' ')[0] ?? '')}.log`
  must(`(setsid ${command} >${log} 2>&1 &)`)
  try {
    until(command, () => existsSync(socket))
  } catch (error) {
    throw new Error(readFileSync(log, 'utf8'), { cause: error })
  }
}

/** Undefined for the words of a runtime that does not run it. */
export const pidIn = (text: string): number | undefined => {
  const pid = Number(text.trim())
  return Number.isInteger(pid) && pid > 0 && existsSync(`/proc/${pid}/ns/mnt`) ? pid : undefined
}

export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** Directories for images, one for each checkpoint, of a runtime that is told where. */
export const directories = (
  base: string,
  dump: (images: string) => Result,
): { readonly checkpoint: () => Result; readonly images: () => string } => {
  let count = 0
  let whole: string | undefined
  const latest = (): string => `${base}-${count}`
  must(`rm -rf ${base}-*`)
  return {
    checkpoint: () => {
      count += 1
      must(`mkdir -p ${latest()}`)
      const done = dump(latest())
      if (done.code === 0) whole = latest()
      return done
    },
    images: () => whole ?? latest(),
  }
}
