// A tree to scan, the moments between which its links were made, and what the command says of it.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { JsonFoundLink, JsonScan } from '../../src/report/scan-schema.js'
import { gc, type Run } from './gc.js'

/** for the type of a document whose other form has `remaps` */
export interface ScanRun extends Run {
  readonly scan: JsonScan
}

export const asScan = (run: Run): ScanRun => {
  if (!run.stdout.startsWith('{')) throw new Error(`no document: ${run.stderr}`)
  return { ...run, scan: JSON.parse(run.stdout) as JsonScan }
}

export const runScan = (args: readonly string[], under: readonly string[] = []): ScanRun =>
  asScan(gc(['scan', ...args, '--json'], under))

/** "app/link_remap.4 kept type", in the order of the report */
export const scanned = ({ scan }: ScanRun, top: string): string[] =>
  scan.links.map((link) => `${link.link.replace(`${top}/`, '')} ${inWords(link)}`)

const inWords = ({ verdict, reason, errno }: JsonFoundLink): string =>
  [verdict, reason ?? errno].filter((part) => part !== undefined).join(' ')

/** the other name of its file */
export const keptOf = (link: string): string => join(dirname(link), `kept-${basename(link)}`)

/** a folder that is removed at the end, whatever is in it */
export class Tree {
  readonly base = fs.mkdtempSync(join(tmpdir(), 'criu-gc-scan-'))
  readonly top = this.dir('top')
  private readonly clock = this.dir('clock')
  private ticks = 0

  dir(...parts: string[]): string {
    const path = join(this.base, ...parts)
    fs.mkdirSync(path, { recursive: true })
    return path
  }

  /** a file with two names below the top, the second that of a link; answers with the link */
  link(dir: string, name: string): string {
    this.dir('top', dir)
    const link = join(this.top, dir, name)
    fs.writeFileSync(keptOf(link), 'kept\n')
    fs.linkSync(keptOf(link), link)
    return link
  }

  /** for --since and --until: after all that was changed before, and not after what comes, by the file system's clock */
  moment(): string {
    const before = this.now()
    let now = before
    while (now <= before) now = this.now()
    return `@${(now / 1000).toFixed(3)}`
  }

  private now(): number {
    const file = join(this.clock, String(this.ticks++))
    fs.writeFileSync(file, '')
    const { ctimeMs } = fs.statSync(file)
    fs.unlinkSync(file)
    return Math.floor(ctimeMs)
  }

  end(): void {
    fs.rmSync(this.base, { recursive: true, force: true })
  }
}
