import { planText } from '../../../src/report/plan-text.js'
import { test } from '../support/check.js'
import { constructed, DATA, report, ROOT, ROOT_PROVIDER } from './build.js'
import { b } from '../support/model.js'

test('images that are there, then what was attached from where', (t) => {
  const image = { entries: 1, bytes: 9 }
  const text = planText(
    report([], {
      mounts: [
        constructed(ROOT, ROOT_PROVIDER),
        constructed(
          DATA,
          { kind: 'external', key: b('k'), path: b('/srv'), sub: b('/') },
          { contents: 'stand-in', state: 'detached' },
        ),
      ],
      checkpoint: {
        images: [
          { ...image, name: 'files.img', state: 'complete' },
          { ...image, name: 'pstree.img', state: 'truncated', entries: 2 },
          { ...image, name: 'reg-files.img', state: 'absent' },
        ],
      },
    }),
  )
  t.strictSame(text.split('\n'), [
    'image files.img: complete, 1 entry',
    'image pstree.img: truncated, 2 entries',
    'mount 9/10 /: --root /rootfs (attached)',
    'mount 9/14 /data: stand-in (detached)',
    '',
  ])
})
