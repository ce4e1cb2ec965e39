// A rootfs with files that are held by link remaps, and the images of a dump of a container in it.
import fs from 'node:fs'
import path from 'node:path'
import {
  CORE,
  dumpImages,
  endNow,
  image,
  writeImages,
  type LinkSpec,
} from '../test/encode/images.js'
import { ids, task, type MountRow } from '../test/encode/messages.js'
import type { Run } from './measure.js'

const ROOT_MOUNT = 100
const NAMESPACE = 9

export interface DumpShape {
  readonly links: number
  /** Mounts besides the root, whose id is 100. */
  readonly mounts?: readonly MountRow[]
  /** In the one mount namespace; 1 without. */
  readonly tasks?: number
  /** Entries behind those of the links in files.img, framed. */
  readonly moreFiles?: Buffer
}

export class Dump {
  readonly images: string
  readonly root: string
  /** On the host, with all files and links. */
  readonly data: string
  private readonly links: readonly number[]

  constructor(folder: string, shape: DumpShape) {
    this.images = path.join(folder, 'images')
    this.root = path.join(folder, 'rootfs')
    this.data = path.join(this.root, 'data')
    // The original has the next id.
    this.links = Array.from({ length: shape.links }, (_, index) => 2 * index + 1)
    fs.mkdirSync(this.data, { recursive: true })
    // Every link is that of a file of its own, which still has another name.
    for (const id of this.links) fs.writeFileSync(this.file(id), '')
    const images = dumpImages({
      links: this.links.map((id): LinkSpec => ({
        id,
        link: `/data/${linkName(id)}`,
        mntId: ROOT_MOUNT,
      })),
      namespaces: new Map([
        [NAMESPACE, [{ mntId: ROOT_MOUNT, parent: 1, mountpoint: '/' }, ...(shape.mounts ?? [])]],
      ]),
    })
    const files = images.get('files.img') as Buffer
    if (shape.moreFiles !== undefined)
      images.set('files.img', Buffer.concat([files, shape.moreFiles]))
    for (const [name, data] of imagesOfTasks(shape.tasks ?? 1)) images.set(name, data)
    writeImages(this.images, images)
  }

  /** One run on everything as it was; one that leaves links has done something else than measured. */
  timed(run: () => Run): Run {
    this.remake()
    const result = run()
    const left = fs.readdirSync(this.data).filter((name) => name.startsWith('link_remap.'))
    if (left.length > 0) throw new Error(`${left.length} links were left`)
    return result
  }

  /** Everything as right after the dump: all links there, and the images not older than they are. */
  private remake(): void {
    for (const id of this.links) {
      const link = path.join(this.data, linkName(id))
      // A program that was measured may have failed and left some.
      fs.rmSync(link, { force: true })
      fs.linkSync(this.file(id), link)
    }
    endNow(this.images)
  }

  get arguments(): string[] {
    return ['-D', this.images, '--root', this.root]
  }

  private file(id: number): string {
    return path.join(this.data, `file.${id}`)
  }
}

const imagesOfTasks = (count: number): [string, Buffer][] => {
  const pids = Array.from({ length: count }, (_, index) => index + 1)
  return [
    ...pids.flatMap((pid): [string, Buffer][] => [
      [`ids-${pid}.img`, image('ids', [ids({ mnt: NAMESPACE })])],
      [`core-${pid}.img`, CORE],
    ]),
    [
      'pstree.img',
      image(
        'pstree',
        pids.map((pid) => task(pid, pid === 1 ? 0 : 1)),
      ),
    ],
  ]
}

const linkName = (id: number): string => `link_remap.${id}`
