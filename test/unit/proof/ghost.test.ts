import type { Ghost } from '../../../src/checkpoint/ghosts.js'
import { ghostDiffers, type GhostFacts } from '../../../src/proof/ghost.js'
import { test } from '../support/check.js'

const CHANGED = { sec: 1_700_000_000, nsec: 291_394_000 }

const IMAGE: Ghost = {
  ...{ mode: 0o100640, uid: 5, gid: 6, rdev: 0, size: 300 },
  changed: CHANGED,
}

const FOUND: GhostFacts = {
  ...{ mode: 0o100640, uid: 5, gid: 6, rdev: 0, size: 300, changed: CHANGED },
  ...{ isMountpoint: false, isImmutable: false },
}

test('as its image says', (t) => {
  t.equal(ghostDiffers(FOUND, IMAGE), undefined)
  for (const [mode, what] of [
    [0o010600, 'a fifo has no size'],
    [0o020600, 'a device neither'],
    [0o120777, 'nor has a symbolic link a mode'],
  ] as const) {
    const found = { ...FOUND, mode, size: 0 }
    t.equal(ghostDiffers(found, { ...IMAGE, mode, size: 9 }), undefined, what)
  }
  const link = { ...FOUND, mode: 0o120777 }
  t.equal(ghostDiffers(link, { ...IMAGE, mode: 0o120755 }), undefined)
  t.equal(ghostDiffers({ ...FOUND, rdev: 9 }, IMAGE), undefined, 'of what is no device')
})

test('what differs', (t) => {
  const cases: readonly (readonly [Partial<GhostFacts>, Partial<Ghost>, RegExp])[] = [
    [{ isMountpoint: true }, {}, /mounted/],
    [{ isImmutable: true }, {}, /immutable/],
    [{ mode: 0o010640 }, {}, /another type/],
    [{ mode: 0o040640 }, { mode: 0o040640 }, /another type/],
    [{ mode: 0o120640 }, {}, /another type/],
    [{ mode: 0o100644 }, {}, /^its mode is 644, not 640$/],
    [{ mode: 0o104640 }, {}, /^its mode is 4640/],
    [{ uid: 0 }, {}, /^its owner is 0, not 5$/],
    [{}, { uid: undefined }, /^its owner is 5, which the images do not tell$/],
    [{ gid: 0 }, {}, /^its group is 0, not 6$/],
    [{}, { gid: undefined }, /^its group/],
    [{ size: 299 }, {}, /^its size is 299, not 300$/],
    [{}, { size: undefined }, /^its size/],
    [{ mode: 0o060600, rdev: 8 }, { mode: 0o060600 }, /^its device number/],
    [{ mode: 0o020600, rdev: 8 }, { mode: 0o020600 }, /^its device number/],
    [{ changed: { ...CHANGED, nsec: 291_394_001 } }, {}, /changed at .*\.291394001Z, not at/],
    [{ changed: { ...CHANGED, sec: 5 } }, {}, /changed at 1970/],
    [{}, { changed: undefined }, /do not tell when/],
  ]
  for (const [found, image, message] of cases)
    t.match(ghostDiffers({ ...FOUND, ...found }, { ...IMAGE, ...image }), message, String(message))
  t.match(ghostDiffers(FOUND, undefined), /its image does not tell/)
})
