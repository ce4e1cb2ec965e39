// A network namespace of a test's own, which nothing but a mount keeps, with its packet filter.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from './command.js'
import { isInside, unmount } from './namespace.js'
import { rulesOf } from './rules.js'

export const BACKENDS = ['legacy', 'nft'] as const
export type Backend = (typeof BACKENDS)[number]
export const FAMILIES = ['iptables', 'ip6tables'] as const
export type Family = (typeof FAMILIES)[number]

const OPEN = '*filter\n-A INPUT -j ACCEPT\n-A OUTPUT -j ACCEPT\nCOMMIT\n'

export class Netns {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-netns-'))
  readonly path = join(this.folder, 'netns')
  /** what starts a program in it */
  readonly enter = ['nsenter', `--net=${this.path}`]

  constructor() {
    if (!isInside()) throw new Error('a network namespace: not in a private mount namespace')
    fs.writeFileSync(this.path, '')
    must('unshare', [`--net=${this.path}`, 'ip', 'link', 'set', 'lo', 'up'])
  }

  run(program: string, args: readonly string[], input?: string): string {
    const [enter = '', ...words] = this.enter
    return must(enter, [...words, program, ...args], input)
  }

  /** With nftables below them, the chains of the kernel are made by the first rule, and stay. */
  makeTables(): void {
    for (const backend of BACKENDS)
      for (const family of FAMILIES) this.restore(family, backend, OPEN)
  }

  restore(family: Family, backend: Backend, text: string): void {
    this.run(`${family}-${backend}-restore`, ['-w', '--noflush'], text)
  }

  nft(text: string): void {
    this.run('nft', ['-f', '-'], `${text}\n`)
  }

  rules(): string {
    return rulesOf(...this.enter)
  }

  end(): void {
    unmount(this.path)
    fs.rmSync(this.folder, { recursive: true })
  }
}
