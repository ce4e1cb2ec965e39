import { masksOf } from '../../../src/residue/masks.js'
import { Unread } from '../../../src/network/unread.js'
import type { ImageSource } from '../../../src/images/source.js'
import { at } from '../support/model.js'
import { mask } from '../../encode/messages.js'
import { test } from '../support/check.js'

const { pid } = process
const STARTED = at(100)
const USR1 = 0x200n
const CRIUS = 0xfffffffffffbfeefn

/** One core image. */
const images = (
  name: string,
  blocked: bigint,
  seconds: number,
): Pick<ImageSource, 'peek' | 'stat'> => ({
  stat: (asked) => (asked === name ? { size: 1, mtime: at(seconds), btime: undefined } : undefined),
  peek: (asked, _, onEntry) => {
    const entry = mask(blocked)
    if (asked === name) onEntry(entry)(0, entry.length)
  },
})

const ask = (source: ReturnType<typeof images>, root = pid): bigint | undefined => {
  const muted = [{ pid, tids: [pid] }]
  return masksOf(source, { pid: root, started: STARTED }, muted, new Unread()).get(pid)
}

test('of a core image that was written while the process was there', (t) => {
  t.equal(ask(images(`core-${pid}.img`, USR1, 200)), USR1)
  t.equal(ask(images(`core-${pid}.img`, 0n, 200)), 0n, 'it blocked none')
  t.equal(ask(images(`core-${pid}.img`, USR1, 99)), undefined, "another one's, of that id")
  t.equal(ask(images(`core-${pid + 1}.img`, USR1, 200)), undefined, "another one's")
})

test("what a dump saw of a thread that another one had left with CRIU's mask", (t) => {
  t.equal(ask(images(`core-${pid}.img`, CRIUS, 200)), undefined)
})
