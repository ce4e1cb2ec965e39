// The container of the embedded sample, built again in a folder from what its images say.
import * as fs from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import protobuf from 'protobufjs/minimal.js'

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

/** device number and path in its file system, as CRIU records them of a mount on this directory */
function placeOf(path) {
  const rows = fs.readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  const above = rows
    .map((row) => row.split(' '))
    .filter(([, , , , at]) => at === '/' || path === at || path.startsWith(`${at}/`))
    .sort(([, , , , a], [, , , , b]) => a.length - b.length)
  const [, , device, root, at] = above.at(-1)
  const [major, minor] = device.split(':').map(Number)
  return { device: major * 2 ** 20 + minor, root: join(root, relative(at, path)) }
}

const [VARINT, DEVICE, ROOT] = [0, 3, 6]

/**
 * Memory file systems get the lowest free number, which here may be that of one that lives: then the one
 * of the sample would seem to live, too. No machine has so many that it gets to these.
 */
const elsewhere = (device) => (device < 2 ** 19 ? device + 2 ** 19 : device)

/**
 * The rows of an image of mounts, of which those that lay in the recorded folder lie in this one: what
 * was dumped somewhere else would not be taken for this.
 */
function moveRows(data, to) {
  const place = placeOf(to)
  const parts = [data.subarray(0, 8)]
  for (let at = 8; at < data.length;) {
    const end = at + 4 + data.readUInt32LE(at)
    const row = data.subarray(at + 4, end)
    const isOurs = row.includes(`${expected.base}/`)
    const reader = protobuf.Reader.create(row)
    const writer = protobuf.Writer.create()
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      const [field, isNumber] = [tag >>> 3, (tag & 7) === VARINT]
      const value = isNumber ? reader.uint32() : reader.string()
      writer.uint32(tag)
      if (isNumber)
        writer.uint32(field === DEVICE ? (isOurs ? place.device : elsewhere(value)) : value)
      else
        writer.string(
          isOurs && field === ROOT ? join(place.root, relative(expected.base, value)) : value,
        )
    }
    const moved = Buffer.from(writer.finish())
    const length = Buffer.alloc(4)
    length.writeUInt32LE(moved.length)
    parts.push(length, moved)
    at = end
  }
  return Buffer.concat(parts)
}

/** the links with what they are links of, and the arguments of criu-gc after the command word */
export function buildSample(to) {
  const begun = new Date()
  const [images, rootfs, volume] = ['images', 'rootfs', 'volume'].map((name) => join(to, name))
  for (const { mountpoint } of expected.mounts) {
    fs.mkdirSync(join(rootfs, mountpoint), { recursive: true })
  }
  const links = buildLinks(to)
  // the images come last: a link that is newer than they are would be another dump's
  fs.mkdirSync(images)
  for (const name of fs.readdirSync(join(here, 'images'))) {
    const data = fs.readFileSync(join(here, 'images', name))
    fs.writeFileSync(
      join(images, name),
      name.startsWith('mountpoints-') ? moveRows(data, to) : data,
    )
    // a link that is older than the first of them would be another dump's, too
    if (name.startsWith('ids-')) fs.utimesSync(join(images, name), begun, begun)
  }
  return { links, args: ['-D', images, '-r', rootfs, '--external', `mnt[/data]:${volume}`] }
}
