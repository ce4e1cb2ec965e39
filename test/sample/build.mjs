// The container of the embedded sample, built again in a folder from what its images say.
import * as fs from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const here = import.meta.dirname
const expected = JSON.parse(fs.readFileSync(join(here, 'expected.json'), 'utf8'))

/** each file that the container held, under the link's name and under the one that it kept itself */
function buildLinks(to) {
  return expected.remaps.flatMap(({ outside, original, size, mode }) => {
    // on a tmpfs of the container: it died with it
    if (outside === null) return []
    // where that path of the machine that the sample was recorded on is now
    const link = join(to, relative(expected.base, outside))
    fs.mkdirSync(dirname(link), { recursive: true })
    fs.writeFileSync(link, Buffer.alloc(size, 'x'))
    fs.chmodSync(link, parseInt(mode, 8) & 0o7777)
    const kept = join(dirname(link), basename(original, '.new'))
    fs.linkSync(link, kept)
    return [{ link, kept }]
  })
}

/** the links with what they are links of, and the arguments of criu-gc after the command word */
export function buildSample(to) {
  const [images, rootfs, volume] = ['images', 'rootfs', 'volume'].map((name) => join(to, name))
  for (const { mountpoint } of expected.mounts) {
    fs.mkdirSync(join(rootfs, mountpoint), { recursive: true })
  }
  const links = buildLinks(to)
  // the images come last: a link that is newer than they are would be another dump's
  fs.cpSync(join(here, 'images'), images, { recursive: true })
  return { links, args: ['-D', images, '-r', rootfs, '--external', `mnt[/data]:${volume}`] }
}
