// What a caller may have said, and what may be mounted on his machine: random, but with the keys and
// device numbers of the dumps, so that images and options meet.
import type { Bytes } from '../../../src/bytes.js'
import { fromBuffer } from '../../../src/bytes.js'
import type { HostMount } from '../../../src/host/mountinfo.js'
import type { PlanOptions } from '../../../src/plan/planned.js'
import type { Time } from '../../../src/time.js'
import type { Dump } from './corpus.js'
import type { Random } from './random.js'
import { body, parse, valueOf } from './wire.js'

const bytes = (text: string): Bytes => text as Bytes

/** When the images of every dump here were written. */
export const WRITTEN: Time = { sec: 1_700_000_000, nsec: 5 }

const FSTYPES = ['ext4', 'tmpfs', 'overlay', 'devtmpfs', 'xfs']

/** Devices and sources of the dumps' mounts, as rows that this machine could have. */
const hostRows = (dumps: readonly Dump[], random: Random): HostMount[] => {
  const rows: HostMount[] = []
  for (const { images } of dumps)
    for (const { kind, entries } of images) {
      if (kind !== 'mountpoints') continue
      for (const entry of entries) {
        const fields = parse(entry) ?? []
        const field = (wanted: number) => fields.find(({ number }) => number === wanted)
        const device = field(3)
        const source = field(8)
        if (device === undefined || source === undefined) continue
        rows.push({
          mntId: 100 + rows.length,
          parentId: 99,
          major: valueOf(device.raw) >>> 20,
          minor: valueOf(device.raw) & 0xfffff,
          root: bytes(random.pick(['/', '/', '/tmp', '/tmp/criu-gc-mntns'])),
          mountpoint: bytes(`/host/mount-${rows.length}`),
          fstype: random.pick(FSTYPES),
          source: fromBuffer(body(source)),
          upper: undefined,
        })
      }
    }
  return rows
}

/** Keys are the dumps' own and those of names.ts. */
const KEYS = ['/data', '/vol', 'vol', '__proto__', 'constructor', '/etc', 'mnt[/data]', '']

const optionsOf = (random: Random, rows: readonly HostMount[]): PlanOptions => {
  const mapped = new Map<Bytes, Bytes>()
  for (const key of KEYS)
    if (random.once(2)) mapped.set(bytes(key), bytes(`/given/external-${mapped.size}`))
  const devices = new Map<Bytes, Bytes>()
  if (random.once(3)) devices.set(bytes('vol'), bytes('/dev/vda'))
  const host: HostMount = { ...(rows[0] as HostMount), mountpoint: bytes('/'), root: bytes('/') }
  return {
    root: random.pick([
      undefined,
      ...['/given/root', '/given/root', '/given/root', '/'].map(bytes),
    ]),
    externals: { mapped, devices, auto: random.once(3) },
    mounts: random.once(3) ? 'all' : 'remaps',
    gone: new Set([...KEYS, '/', '/tmp'].filter(() => random.once(12)).map(bytes)),
    host: {
      mounts: [host, ...rows.filter(() => random.once(3))],
      bootedAt: { sec: WRITTEN.sec + (random.once(4) ? 100 : -100), nsec: 0 },
    },
  }
}

/** So many that inputs and options meet in all ways, and so few that making them costs nothing. */
export const someOptions = (dumps: readonly Dump[], random: Random): PlanOptions[] => {
  const rows = hostRows(dumps, random)
  return Array.from({ length: 256 }, () => optionsOf(random, rows))
}
