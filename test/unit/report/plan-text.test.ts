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

test('links of the form that these images do not list, each by its name', (t) => {
  const others = [
    { directory: b('/var'), names: [b('link_remap.2'), b('link_remap.9')] },
    { directory: b('/'), names: [b('link_remap.4')] },
  ]
  t.strictSame(planText(report([], { mounts: [], others })).split('\n'), [
    'other link: /var/link_remap.2',
    'other link: /var/link_remap.9',
    'other link: /link_remap.4',
    '',
  ])
})

test('a mount that is gone', (t) => {
  const gone = constructed(DATA, { kind: 'gone' }, { contents: 'stand-in' })
  t.equal(planText(report([], { mounts: [gone] })), 'mount 9/14 /data: stand-in (attached)\n')
})
