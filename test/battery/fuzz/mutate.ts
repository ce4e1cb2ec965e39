// One input: a recorded dump with some things changed. Most changes keep the shape and change the
// meaning, because what does not decode never reaches the code that decides what is deleted.
import type { ImageKind } from '../../../src/images/magic.js'
import { MAGIC, COMMON_MAGIC } from '../../../src/images/magic.js'
import * as message from '../../encode/messages.js'
import { assemble, type Dump, type Image } from './corpus.js'
import { anyName, linkPath, VARINTS } from './names.js'
import type { Random } from './random.js'
import { body, delimited, integer, parse, serialize, valueOf, type Field } from './wire.js'

type Draft = { -readonly [K in keyof Image]: Image[K] }

/** Where messages are in messages. */
const NESTED: Partial<Record<ImageKind, number>> = { files: 3, inventory: 3 }

export class Mutator {
  private readonly dumps: readonly Dump[]
  private readonly wholes = new Map<Image, Buffer>()
  private readonly directories: readonly Buffer[]
  private random: Random
  private dump: Dump
  private draft: Draft[] = []

  constructor(dumps: readonly Dump[], random: Random) {
    this.dumps = dumps
    this.dump = dumps[0] as Dump
    this.random = random
    for (const { images } of dumps)
      for (const image of images) this.wholes.set(image, assemble(image))
    const links = dumps.flatMap(({ remaps }) => remaps.map(({ link }) => link))
    const known = new Set(links.map((link) => link.slice(0, link.lastIndexOf('/'))))
    this.directories = [...known].map((path) => Buffer.from(path, 'latin1'))
  }

  /** Name to contents; the buffers of images that were not changed are shared. */
  next(random: Random): Map<string, Buffer> {
    this.random = random
    this.dump = random.pick(this.dumps)
    this.draft = this.dump.images.map((image) => ({ ...image }))
    for (let left = random.few(6); left > 0; left--) this.change()
    const images = new Map<string, Buffer>()
    this.draft.forEach((image, index) => {
      const original = this.dump.images[index]
      const same = original !== undefined && isUnchanged(image, original)
      images.set(image.name, same ? (this.wholes.get(original) as Buffer) : assemble(image))
    })
    if (random.once(6)) this.damage(images)
    return images
  }

  private change(): void {
    const { random } = this
    const kind = random.below(100)
    if (kind < 45) this.changeField()
    else if (kind < 58) this.changeEntries()
    else if (kind < 70) this.addRemap()
    else if (kind < 78) this.renumber()
    else if (kind < 86) this.moveLink()
    else if (kind < 93) this.addMount()
    else if (kind < 97) this.changeImages()
    else this.changeHead()
  }

  /** Remaps, their files and mounts decide; the others only have to be there. */
  private image(): Draft | undefined {
    const { random, draft } = this
    for (let tries = 0; tries < 4; tries++) {
      const image = random.pick(draft)
      const matters = /^(files|remap-fpath|mountpoints)$/.test(image.kind)
      if (matters || random.once(3)) return image
    }
    return draft[0]
  }

  private named(kind: ImageKind): Draft | undefined {
    return this.draft.find((image) => image.kind === kind)
  }

  private changeField(): void {
    const image = this.image()
    if (image === undefined || image.entries.length === 0) return
    const at = this.random.below(image.entries.length)
    this.replace(image, at, this.edit(image.entries[at] as Buffer, NESTED[image.kind] ?? -1))
  }

  private replace(image: Draft, at: number, entry: Buffer): void {
    image.entries = image.entries.with(at, entry)
  }

  /** One field changed, here or in the message that field `nested` is. */
  private edit(entry: Buffer, nested: number): Buffer {
    const { random } = this
    const fields = parse(entry)
    if (fields === undefined || fields.length === 0) return this.flip(entry)
    const inner = fields.findIndex(({ number, wire }) => number === nested && wire === 2)
    if (inner >= 0 && !random.once(4)) {
      const changed = this.edit(body(fields[inner] as Field), -1)
      return serialize(fields.with(inner, delimited(nested, changed)))
    }
    const at = random.below(fields.length)
    const field = fields[at] as Field
    switch (random.below(10)) {
      case 0:
        return serialize(fields.toSpliced(at, 1))
      case 1:
        return serialize(fields.toSpliced(random.below(fields.length), 0, field))
      case 2:
        return serialize(fields.with(at, { ...field, number: random.below(20) }))
      case 3:
        return serialize(fields.with(at, { ...field, wire: random.below(8) }))
      case 4:
        return serialize([...fields, this.strange()])
      default:
        return serialize(fields.with(at, this.other(field, fields)))
    }
  }

  private other(field: Field, fields: readonly Field[]): Field {
    const { random } = this
    if (field.wire === 0) {
      const borrowed = random.once(3) ? this.borrow() : undefined
      return { ...field, raw: borrowed ?? random.pick(VARINTS) }
    }
    if (field.wire !== 2) return { ...field, raw: this.flip(field.raw) }
    const id = valueOf(fields.find(({ number }) => number === 1)?.raw ?? Buffer.alloc(0))
    switch (random.below(4)) {
      case 0:
        return delimited(field.number, this.flip(body(field)))
      case 1:
        return delimited(field.number, anyName(random))
      case 2:
        return { ...field, raw: Buffer.concat([random.pick(VARINTS), body(field)]) }
      default:
        return delimited(field.number, linkPath(random, id, this.directories))
    }
  }

  /** A number from elsewhere in the dump: ids that meet are what joins depend on. */
  private borrow(): Buffer | undefined {
    const { random } = this
    const image = random.pick(this.dump.images)
    if (image.entries.length === 0) return undefined
    const fields = parse(random.pick(image.entries)) ?? []
    const inner = fields.find(({ wire }) => wire === 2)
    const from = inner !== undefined && random.once(2) ? (parse(body(inner)) ?? fields) : fields
    const numbers = from.filter(({ wire }) => wire === 0)
    return numbers.length === 0 ? undefined : random.pick(numbers).raw
  }

  /** A field of no message of CRIU's: nested, a group, a number that no field has. */
  private strange(): Field {
    const { random } = this
    switch (random.below(4)) {
      case 0: {
        let inner = Buffer.alloc(0)
        for (let depth = random.below(64); depth > 0; depth--)
          inner = serialize([delimited(3, inner)]) as Buffer<ArrayBuffer>
        return delimited(random.pick([3, 15]), inner)
      }
      case 1:
        return { number: random.below(30), wire: 3, raw: Buffer.alloc(random.below(40), 0x1b) }
      case 2:
        return integer(random.pick([0, 1000, 0x1fffffff]), random.next())
      default:
        return delimited(random.below(30), Buffer.alloc(random.below(300), random.next()))
    }
  }

  private changeEntries(): void {
    const { random } = this
    const image = this.image()
    if (image === undefined) return
    const { entries } = image
    const at = random.below(entries.length + 1)
    const [one, two] = [random.maybe(entries), random.maybe(entries)]
    switch (random.below(7)) {
      case 0:
        image.entries = entries.toSpliced(at, 1)
        return
      case 1:
        if (one !== undefined) image.entries = entries.toSpliced(at, 0, one)
        return
      case 2:
        if (one === undefined || two === undefined) return
        image.entries = entries.map((entry) => (entry === one ? two : entry === two ? one : entry))
        return
      case 3:
        image.entries = entries.toSpliced(at, 0, this.foreign(image.kind) ?? Buffer.alloc(0))
        return
      case 4:
        if (one !== undefined)
          image.entries = [...entries, ...Array<Buffer>(random.below(12)).fill(one)]
        return
      case 5:
        image.entries = entries.toReversed()
        return
      default:
        image.entries = entries.toSpliced(at, 0, Buffer.alloc(random.below(64), random.next()))
    }
  }

  /** An entry of another dump, mostly of the same kind. */
  private foreign(kind: ImageKind): Buffer | undefined {
    const { random } = this
    const { images } = random.pick(this.dumps)
    const same = images.filter((image) => image.kind === kind)
    const image = random.pick(same.length === 0 || random.once(4) ? images : same)
    return random.maybe(image.entries)
  }

  /** Whole and consistent, on a mount of the dump or on none, in whatever directory. */
  private addRemap(): void {
    const { random, dump } = this
    const id = random.once(4) ? random.next() : 1 + random.below(19)
    const row = random.once(8) ? undefined : dump.mounts[random.below(dump.mounts.length + 1)]
    const mntId = random.once(10) ? random.below(200) : row?.id
    const own = row !== undefined && random.once(2)
    const places = own ? [Buffer.from(row.mountpoint, 'latin1')] : this.directories
    const name = linkPath(random, id, places)
    const original = {
      id: random.once(6) ? id : (id + 1) >>> 0,
      name: random.once(4) ? anyName(random) : '/gone',
      ...(mntId === undefined ? {} : { mntId }),
      ...(random.once(2) ? {} : { size: random.below(100) }),
      mode: random.pick([0o100644, 0o100600, 0o10644, 0o40755, 0o120777, 0, 0xffffffff]),
    }
    const files = this.named('files')
    const list = this.named('remap-fpath')
    if (files === undefined || list === undefined) return
    files.entries = [...files.entries, message.file({ id, name }), message.file(original)]
    const type = random.pick([0, 0, 0, 0, undefined, 1, 2, 3, 0xffffffff])
    list.entries = [...list.entries, message.remap(original.id, id, type)]
  }

  /** A link with another id, its name changed with it: the same link for a program that counts wrong. */
  private renumber(): void {
    const { random } = this
    const files = this.named('files')
    const list = this.named('remap-fpath')
    const remap = this.pickRemap()
    if (files === undefined || list === undefined || remap === undefined) return
    const id = random.pick([
      0,
      1,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
      random.next(),
      random.below(20),
    ])
    const folder = remap.link.slice(0, remap.link.lastIndexOf('/'))
    const name = Buffer.from(`${folder}/link_remap.${id | 0}`, 'latin1')
    files.entries = [...files.entries, message.file({ id, name })]
    list.entries = [...list.entries, message.remap(remap.originalId, id, 0)]
  }

  private pickRemap(): Dump['remaps'][number] | undefined {
    return this.random.maybe(this.dump.remaps)
  }

  /** The entry of a link, with another path. */
  private moveLink(): void {
    const { random } = this
    const files = this.named('files')
    const remap = this.pickRemap()
    if (files === undefined || remap === undefined) return
    const at = files.entries.findIndex((entry) => {
      const id = parse(entry)?.find(({ number }) => number === 2)
      return id !== undefined && valueOf(id.raw) === remap.linkId
    })
    if (at < 0) return
    const name = linkPath(random, remap.linkId, this.directories)
    this.replace(files, at, message.file({ id: remap.linkId, name }))
  }

  private addMount(): void {
    const { random, dump } = this
    const image = this.named('mountpoints')
    if (image === undefined) return
    const parent = random.maybe(dump.mounts)
    const like = random.maybe(random.pick(this.dumps).mounts)
    const [major, minor] = (random.once(2) ? parent : like)?.device.split(':').map(Number) ?? [0, 9]
    const under = parent === undefined || parent.mountpoint === '/' ? '' : parent.mountpoint
    const place = random.once(3)
      ? anyName(random)
      : Buffer.from(`${under}${random.pick(['/x', '/app', '/data', '/tmp', '/x/y', ''])}`, 'latin1')
    const row = {
      mntId: random.once(3) ? (like?.id ?? 7) : 500 + random.below(50),
      parent: random.once(5) ? random.below(600) : (parent?.id ?? 1),
      mountpoint: place,
      fstype: random.below(26),
      major: major ?? 0,
      minor: minor ?? 0,
      root: random.once(2) ? (like?.root ?? '/') : anyName(random),
      source: anyName(random),
      options: anyName(random),
      flags: random.next(),
      ...(random.once(2) ? { extKey: anyName(random) } : {}),
      ...(random.once(9) ? { extMount: true } : {}),
      ...(random.once(9) ? { deleted: true } : {}),
      ...(random.once(9) ? { fsname: anyName(random) } : {}),
    }
    image.entries = image.entries.toSpliced(
      random.below(image.entries.length + 1),
      0,
      message.mount(row),
    )
  }

  private changeImages(): void {
    const { random, draft } = this
    const at = random.below(draft.length)
    const image = draft[at] as Draft
    switch (random.below(6)) {
      case 0:
        draft.splice(at, 1, { ...image, name: 'unused.img' })
        return
      case 1:
        Object.assign(image, { head: Buffer.alloc(0), entries: [], tail: Buffer.alloc(0) })
        return
      case 2: {
        const other = random.pick(draft)
        const { head, entries, tail } = { ...image }
        Object.assign(image, { head: other.head, entries: other.entries, tail: other.tail })
        Object.assign(other, { head, entries, tail })
        return
      }
      case 3: {
        const others = random.pick(this.dumps).images.filter(({ kind }) => kind === image.kind)
        if (others.length > 0) Object.assign(image, { ...random.pick(others), name: image.name })
        return
      }
      case 4:
        draft.push({
          ...image,
          name: image.name.replace(/(-\d+)?\.img/, `-${random.below(13)}.img`),
        })
        return
      default:
        image.name = image.name.replace(/-\d+/, `-${random.below(13)}`)
    }
  }

  private changeHead(): void {
    const { random } = this
    const image = this.image()
    if (image === undefined) return
    const words = [COMMON_MAGIC, ...Object.values(MAGIC), 0, 0xffffffff, random.next()]
    const head = Buffer.alloc(4 * random.below(4))
    for (let at = 0; at < head.length; at += 4) head.writeUInt32LE(random.pick(words), at)
    // As CRIU before 1.6 wrote it: one word.
    image.head = random.once(2) ? image.head.subarray(image.head.length - 4) : head
  }

  /** What a crash or a bad disk does, on bytes. */
  private damage(images: Map<string, Buffer>): void {
    const { random } = this
    const name = random.pick([...images.keys()])
    const data = images.get(name) as Buffer
    images.set(name, this.damaged(data))
  }

  private damaged(data: Buffer): Buffer {
    const { random } = this
    const at = random.below(data.length + 1)
    switch (random.below(6)) {
      case 0:
        return data.subarray(0, at)
      case 1:
        return Buffer.concat([data, Buffer.alloc(random.below(5000))])
      case 2:
        return Buffer.concat([data.subarray(0, at), Buffer.alloc(data.length - at)])
      case 3: {
        const copy = Buffer.from(data)
        if (at + 4 <= copy.length)
          copy.writeUInt32LE(random.pick([0, 1, 3, 2 ** 20, 2 ** 20 + 1, 2 ** 31, 2 ** 32 - 1]), at)
        return copy
      }
      case 4:
        return Buffer.concat([data.subarray(0, at), data.subarray(random.below(at + 1))])
      default: {
        let changed = data
        for (let left = random.few(8); left > 0; left--) changed = this.flip(changed)
        return changed
      }
    }
  }

  private flip(data: Buffer): Buffer {
    if (data.length === 0) return data
    const { random } = this
    const copy = Buffer.from(data)
    const at = random.below(copy.length)
    copy[at] = random.once(2)
      ? (copy[at] as number) ^ (1 << random.below(8))
      : random.pick([0, 0x7f, 0x80, 0xff, random.next() & 0xff])
    return copy
  }
}

const isUnchanged = (image: Draft, original: Image): boolean =>
  image.name === original.name &&
  image.head === original.head &&
  image.entries === original.entries &&
  image.tail === original.tail
