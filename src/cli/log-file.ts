// The log file of -o. It lies in the work directory, which may be anybody's and is that of the images unless told
// otherwise: opened below that directory through no link, when the images are locked, and nothing is ever overwritten.
import fs from 'node:fs'
import path from 'node:path'
import { fromText } from '../bytes.js'
import { usage } from '../errors.js'
import { isMagic } from '../images/magic.js'
import {
  AT_FDCWD,
  ENOENT,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
import type { Sys } from '../sys/sys.js'

/** Each of our messages begins with it, and with that a log of ours. */
export const PREFIX = 'criu-gc: '

const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
const OPEN = O_RDWR | fs.constants.O_APPEND | O_NOFOLLOW | O_NONBLOCK | fs.constants.O_NOCTTY

/** Undefined where another file is there, which is left as it is. */
export type Opened = number | undefined

type Bad = (what: string, next?: string) => Error

/**
 * For appending: a new file, or a log of ours that is there already. Undefined for any other file, such as a log
 * of CRIU's, which a command line of `criu restore` may name.
 * @throws GcError usage.
 */
export const openLog = (sys: Sys, workDir: string, name: string): Opened => {
  const file = path.resolve(workDir, name)
  const bad: Bad = (what, next = NEXT) => usage(`the log file ${what}`, { where: file, next })
  if (file.endsWith('.img')) throw bad('has the name of an image')
  const below = path.relative(workDir, file)
  if (below === '' || below.split('/')[0] === '..')
    throw bad(
      'is not below the work directory',
      `nothing was touched; give -W ${path.dirname(file)} too`,
    )
  const top = must(sys.tryOpenat(AT_FDCWD, fromText(workDir), O_PATH | O_DIRECTORY), bad)
  try {
    const { dir, base } = path.parse(below)
    const above = fromText(dir || '.')
    const parent = must(sys.tryOpenat2(top, above, O_PATH | O_DIRECTORY, BENEATH), bad)
    try {
      return openBeneath(sys, parent, base, bad, startsAsOurs)
    } finally {
      sys.close(parent)
    }
  } finally {
    sys.close(top)
  }
}

const NEXT = 'nothing was touched; give another one with -o or another directory with -W'

const must = (result: number, bad: Bad): number => {
  if (result < 0) throw bad(`cannot be opened (${errnoName(-result)})`)
  return result
}

/** Whether a file that is not empty is a log that may be continued. */
type Fits = (fd: number, size: number) => boolean

/** What of that name lies in the directory `parent`: for appending, and through no link. */
export const openBeneath = (
  sys: Sys,
  parent: number,
  base: string,
  bad: Bad,
  fits: Fits,
): Opened => {
  const there = sys.tryOpenat(parent, fromText(base), OPEN)
  if (there === ENOENT)
    return must(sys.tryCreate(parent, fromText(base), OPEN | O_CREAT | O_EXCL), bad)
  return ours(must(there, bad), bad, fits)
}

const startOf = (fd: number): Buffer => {
  const data = Buffer.alloc(PREFIX.length)
  return data.subarray(0, fs.readSync(fd, data, 0, data.length, 0))
}

const startsAsOurs: Fits = (fd) => startOf(fd).toString('latin1') === PREFIX

/** Made by us, or empty and root's: nobody else can have made that with one name. */
const ours = (fd: number, bad: Bad, fits: Fits): Opened => {
  let isOurs = false
  try {
    const stat = fs.fstatSync(fd)
    if (!stat.isFile() || stat.nlink !== 1) throw bad('is not a regular file')
    if (isMagic(startOf(fd))) throw bad('is an image of CRIU')
    isOurs = stat.uid === process.geteuid?.() && (stat.size === 0 || fits(fd, stat.size))
    return isOurs ? fd : undefined
  } finally {
    if (!isOurs) fs.closeSync(fd)
  }
}
