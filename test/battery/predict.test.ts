// What `show` says is what `clean` then does: where names cannot be taken out of a directory, where the last name of a file
// is to be kept, and on a kernel without faccessat2(2).
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { endNow } from '../encode/images.js'
import { run, type Done } from '../rig/execute.js'
import { inside } from '../rig/inner.js'
import { mount } from '../rig/namespace.js'
import { Scene } from './scene.js'
import { KillAt } from './tool.js'

/** "4 kept last-link" */
const outcomes = ({ report }: Done): string[] =>
  (report?.remaps ?? []).map(({ id, verdict, reason, errno }) =>
    [id, verdict.replace('would-remove', 'removed'), reason, errno].filter(Boolean).join(' '),
  )

const show = (scene: Scene): string[] => ['show', ...scene.clean.slice(1)]

const make = (fill: (scene: Scene) => void): Scene => {
  const scene = new Scene()
  scene.withRoot()
  fill(scene)
  return scene.dump()
}

await inside(import.meta.url, async () => {
  const tool = new KillAt()

  for (const attribute of ['a', 'i'])
    await t.test(`a directory with chattr +${attribute}`, async (t) => {
      const scene = make((s) => s.link('app', 4))
      const directory = scene.dir('rootfs/app')
      const set = spawnSync('chattr', [`+${attribute}`, directory])
      t.teardown(() => {
        spawnSync('chattr', [`-${attribute}`, directory])
        scene.end()
      })
      if (set.status !== 0) {
        t.comment('this file system has no attributes')
        return
      }
      const shown = await run(show(scene))
      t.strictSame(outcomes(shown), ['4 failed EPERM'])
      t.strictSame(outcomes(await run(scene.clean)), outcomes(shown))
    })

  await t.test('--keep-last-link and two links of one file', async (t) => {
    const scene = make((s) => {
      const link = s.link('app', 4)
      s.alias('app', 6, 4)
      fs.rmSync(join(link, '..', 'kept'), { force: true })
    })
    scene.options.push('--keep-last-link')
    for (const { survivor } of scene.made) fs.rmSync(survivor, { force: true })
    // Within the dump, however long that took.
    endNow(scene.images)
    const shown = await run(show(scene))
    t.strictSame(outcomes(shown), ['4 removed', '6 kept last-link'])
    t.strictSame(outcomes(await run(scene.clean)), outcomes(shown))
    scene.end()
  })

  await t.test('without faccessat2', async (t) => {
    for (const [readOnly, expected] of [
      [false, '4 removed'],
      [true, '4 failed EROFS'],
    ] as const) {
      const scene = make((s) => s.link('app', 4))
      if (readOnly) {
        scene.mount('--bind', scene.root, scene.root)
        mount('-o', 'remount,bind,ro', scene.root)
      }
      const ENOSYS = -38
      const shown = await tool.run(['answer', 'unshare', 'faccessat2', 1, ENOSYS], show(scene))
      t.strictSame(shown.calls, ['faccessat2'], 'it was asked')
      t.strictSame(outcomes(shown), [expected])
      t.strictSame(outcomes(await run(scene.clean)), outcomes(shown))
      scene.end()
    }
  })
  tool.end()
})
