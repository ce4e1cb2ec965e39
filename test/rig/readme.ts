// What the README tells a person to type, and a shell in which it can be typed as it stands.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { attempt, type Result } from './command.js'
import { cleared, commandLine } from './gc.js'
import { inRepo } from './repo.js'

/** the blocks for a shell below a heading, in their order */
export function blocksBelow(heading: string): string[] {
  const text = readFileSync(inRepo('README.md'), 'utf8')
  const [, section] = text.split(`${heading}\n`)
  if (section === undefined) throw new Error(`the README has no heading ${heading}`)
  const [own = ''] = section.split(/^#+ /m)
  return [...own.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => block ?? [])
}

/** `programs`: by name, the words that stand for each; `folder` is made for them */
export function typeIn(
  folder: string,
  programs: Readonly<Record<string, readonly string[]>>,
  script: string,
  env: Record<string, string> = {},
): Result {
  mkdirSync(folder)
  const command = ['env', ...cleared(...commandLine([]))]
  for (const [name, words] of Object.entries({ 'criu-gc': command, ...programs })) {
    writeFileSync(`${folder}/${name}`, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
    chmodSync(`${folder}/${name}`, 0o755)
  }
  return attempt('sh', ['-c', script], { ...env, PATH: `${folder}:${process.env.PATH ?? ''}` })
}
