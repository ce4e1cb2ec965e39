// The images of a dump in an archive, laid out as runtimes do, and gone from their directory.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './command.js'

export interface Packing {
  readonly name: string
  /** the program that packs, and what it needs besides */
  readonly tool: 'tar' | 'bsdtar'
  readonly needs?: string
  readonly options: readonly string[]
  /** what runtimes put beside the images comes first, as podman has it, or in the order of names */
  readonly order: 'podman' | 'names'
}

const gnu = (name: string, options: string[], order: Packing['order'] = 'podman'): Packing => ({
  ...{ name, tool: 'tar', options, order },
})

export const PACKINGS: readonly Packing[] = [
  gnu('it.tar', ['--format=gnu']),
  gnu('names-first.tar', ['--format=gnu', '--sort=name'], 'names'),
  gnu('times.tar', ['--format=posix', '--xattrs']),
  gnu('sparse.tar', ['--format=posix', '--sparse']),
  gnu('ustar.tar', ['--format=ustar']),
  gnu('it.tar.gz', ['--format=posix', '--gzip']),
  { ...gnu('it.tar.zst', ['--format=posix', '--zstd']), needs: 'zstd' },
  { ...gnu('long.tar.zst', ['--format=gnu', '-I', 'zstd --long=27 -19']), needs: 'zstd' },
  { name: 'bsd.tar.gz', tool: 'bsdtar', options: ['--format=pax', '-z'], order: 'podman' },
]

const FIRST = ['artifacts', 'config.dump', 'spec.dump', 'stats-dump', 'ctr.log', 'checkpoint']
const LAST = ['rootfs-diff.tar', 'volumes']

/** the archive, which is in `folder`; its images are nowhere else */
export function pack(images: string, folder: string, packing: Packing): string {
  const above = join(folder, 'above')
  mkdirSync(above)
  renameSync(images, join(above, 'checkpoint'))
  mkdirSync(join(above, 'artifacts'))
  mkdirSync(join(above, 'volumes'))
  renameSync(join(above, 'checkpoint', 'stats-dump'), join(above, 'stats-dump'))
  for (const name of ['config.dump', 'spec.dump']) writeFileSync(join(above, name), '{}')
  for (const name of ['ctr.log', 'rootfs-diff.tar']) writeFileSync(join(above, name), name)
  writeFileSync(join(above, 'volumes', 'data.tar'), Buffer.alloc(300_000, 'v'))
  const file = join(folder, packing.name)
  const what = packing.order === 'names' ? ['.'] : [...FIRST, ...LAST]
  must(packing.tool, [...packing.options, '-cf', file, '-C', above, ...what])
  rmSync(above, { recursive: true })
  return file
}
