// The files of a system package, laid out below a folder as they will lie below /.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The first line, with an absolute Node: whose PATH says "node" must not say what root runs. */
const withNode = (program, node) => {
  const [line, ...rest] = program.split('\n')
  if (!/^#!\/usr\/bin\/env -S -i .* node$/.test(line)) throw new Error(`not as expected: ${line}`)
  return [line.replace(/node$/, node), ...rest].join('\n')
}

const read = (...parts) => readFileSync(join(...parts), 'utf8')

const SHELLS = ['bash', 'zsh', 'fish']

/** As the command itself prints it. */
const completionOf = (repo, shell) =>
  execFileSync(process.execPath, [join(repo, 'dist', 'criu-gc.cjs'), 'completion', shell], {
    encoding: 'utf8',
    env: {},
  })

/** What is made from files of the clone; `licences` of Node where it goes along. */
export const textsOf = (flavour, repo, licence) => ({
  command: withNode(read(repo, 'dist', 'criu-gc.cjs'), flavour.node),
  manual: gzipSync(read(repo, 'man', 'criu-gc.8'), { level: 9 }),
  completions: Object.fromEntries(SHELLS.map((shell) => [shell, completionOf(repo, shell)])),
  changelog: gzipSync(read(repo, 'CHANGELOG.md'), { level: 9 }),
  copyright: [
    'criu-gc is licensed under the Apache License 2.0:\n',
    read(repo, 'LICENSE'),
    read(repo, 'dist', 'THIRD-PARTY.txt'),
    ...(flavour.ownNode ? [`Node.js:\n\n${licence}`] : []),
  ].join(`\n${'='.repeat(80)}\n\n`),
})

export const stage = (contents, root) => {
  for (const { to, from, text, link, program } of contents) {
    const file = join(root, to)
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
    if (link !== undefined) {
      symlinkSync(link, file)
      continue
    }
    if (from === undefined) writeFileSync(file, text)
    else copyFileSync(from, file)
    chmodSync(file, program ? 0o755 : 0o644)
  }
}
