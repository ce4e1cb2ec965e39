// The embedded sample: the images of a real dump (see expected.json), whose container is built again
// from what they say in a temporary folder. Then: look, clean, look again. Needs root, not CRIU.
//   npm run sample
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'

const here = import.meta.dirname
const command = join(here, '..', '..', 'dist', 'criu-gc.cjs')
const expected = JSON.parse(fs.readFileSync(join(here, 'expected.json'), 'utf8'))
const temporary = fs.mkdtempSync(join(tmpdir(), 'criu-gc-sample-'))
const rootfs = join(temporary, 'rootfs')
const volume = join(temporary, 'volume')
const images = join(temporary, 'images')

/** where a path of the machine that the sample was recorded on is now */
const rebuilt = (path) => join(temporary, relative(expected.base, path))

/** each file that the container held, under the link's name and under the one that it kept itself */
function buildLinks() {
  return expected.remaps.flatMap(({ outside, original, size, mode }) => {
    // on a tmpfs of the container: it died with it
    if (outside === null) return []
    const link = rebuilt(outside)
    fs.mkdirSync(dirname(link), { recursive: true })
    fs.writeFileSync(link, Buffer.alloc(size, 'x'))
    fs.chmodSync(link, parseInt(mode, 8) & 0o7777)
    const kept = join(dirname(link), basename(original, '.new'))
    fs.linkSync(link, kept)
    return [{ link, kept }]
  })
}

function build() {
  for (const { mountpoint } of expected.mounts) {
    fs.mkdirSync(join(rootfs, mountpoint), { recursive: true })
  }
  const links = buildLinks()
  // the images come last: a link that is newer than they are would be another dump's
  fs.cpSync(join(here, 'images'), images, { recursive: true })
  return links
}

/** runs the command as a person would, with what it says on the same terminal */
function run(word, expectedCode) {
  const args = [word, '-D', images, '-r', rootfs, '--external', `mnt[/data]:${volume}`]
  console.log(
    `\n$ criu-gc ${args.map((arg) => (/[^\w/:.-]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`,
  )
  // without what this one's environment says to Node: criu-gc refuses to run as root with that
  const node = ['-i', `PATH=${process.env.PATH}`, process.execPath]
  const { status } = spawnSync('env', [...node, command, ...args], { stdio: 'inherit' })
  console.log(`(exit ${status})`)
  expect(status === expectedCode, `${word}: exit ${status}, not ${expectedCode}`)
}

function expect(condition, otherwise) {
  if (condition) return
  console.error(`sample: ${otherwise}`)
  process.exitCode = 1
}

try {
  const links = build()
  run('show', 3)
  for (const { link } of links) expect(fs.existsSync(link), `show removed ${link}`)
  run('clean', 0)
  for (const { link, kept } of links) {
    expect(!fs.existsSync(link), `${link} is still there`)
    expect(fs.existsSync(kept) && fs.statSync(kept).nlink === 1, `${kept} was touched`)
  }
  run('show', 0)
} finally {
  fs.rmSync(temporary, { recursive: true, force: true })
}
