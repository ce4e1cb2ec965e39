// Commands like the built one, but for a check that was knocked out.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { criuGc, inRepo, program } from '../rig/repo.js'
import type { Replacement } from './guards.js'

/** A name of the source: numbered, or that of another module where the program is loaded in parts. */
const named = (name: string): string =>
  String.raw`(?:\(0,\s*import_\w+\.${name}\d*\)|(?:\bimport_\w+\.)?${name}\d*)`

/** Matches a text of the source in the bundle. */
const pattern = (source: string): RegExp =>
  new RegExp(
    source.replace(/(\s+)|([A-Za-z_]\w*)|([^\w\s])/g, (_, space, name: string | undefined, sign) =>
      space !== undefined ? '\\s*' : name !== undefined ? named(name) : `\\${sign}`,
    ),
    'g',
  )

const once = (text: string, source: string, by: (found: string) => string): string => {
  const found = text.match(pattern(source)) ?? []
  if (found.length !== 1) throw new Error(`${found.length} times in the bundle: ${source}`)
  return text.replace(pattern(source), by)
}

/** Each in a folder of its own, where it finds its addon as it does in dist/. */
export class Workshop {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-mutants-'))
  private readonly bundle = fs.readFileSync(program, 'utf8')
  private count = 0

  constructor() {
    const addon = ['build', 'Release', 'syscalls.node']
    fs.mkdirSync(join(this.folder, 'build', 'Release'), { recursive: true })
    fs.copyFileSync(inRepo(...addon), join(this.folder, ...addon))
  }

  /** @throws where a text does not occur, or more than once */
  make(replacements: readonly Replacement[]): string {
    let bundle = this.bundle
    for (const { at, replace, by } of replacements)
      bundle = once(bundle, at ?? replace, (found) => once(found, replace, () => by))
    const folder = join(this.folder, `${++this.count}`)
    fs.mkdirSync(join(folder, 'dist'), { recursive: true })
    fs.symlinkSync(join(this.folder, 'build'), join(folder, 'build'))
    const command = join(folder, 'dist', 'criu-gc.cjs')
    fs.copyFileSync(criuGc, command)
    fs.writeFileSync(join(folder, 'dist', 'program.cjs'), bundle)
    return command
  }

  end(): void {
    fs.rmSync(this.folder, { recursive: true })
  }
}
