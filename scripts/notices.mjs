// The licences of what is compiled or bundled in: most ask that their text goes along.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const INTRODUCTION = 'criu-gc holds code of these packages, under these licences.\n'

const noticeOf = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
  if (file === undefined) throw new Error(`${folder} has no licence to take along`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}

/** `inputs`: files, of which those below node_modules are others'. */
export const notices = (inputs) => {
  const folders = inputs.flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  )
  return [INTRODUCTION, ...[...new Set(folders)].sort().map(noticeOf)].join(
    `\n${'-'.repeat(80)}\n\n`,
  )
}
