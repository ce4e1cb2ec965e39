// The file system of the images gets full while CRIU writes what lists the links: files.img is cut. Whether CRIU still
// takes its links back or dies at that moment, clean --pid leaves none, and touches nothing else. Run by
// living-full.test.ts.
import { statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tryDump } from '../rig/criu.js'
import { putDecoys } from '../rig/decoys.js'
import { dumpKilledWhenFull } from '../rig/dump-at.js'
import { runGc } from '../rig/gc.js'
import { messagesIn, rowOf } from '../rig/kill-row.js'
import { askAll, newLinks, settled, startLiving, until } from '../rig/living.js'
import { onlyRemoved } from '../rig/manifest.js'
import { mount, ownRun, unmount } from '../rig/namespace.js'
import { containerCrowd } from '../rig/scenarios/crowd.js'

ownRun()

/** so many that CRIU writes a part of the list before it is at its end */
const FILES = 600
const PAGES = [8, 9, 10, 11, 12, 14, 16]

const sizeOf = (images: string): number =>
  statSync(join(images, 'files.img'), { throwIfNoEntry: false })?.size ?? 0

for (const dies of [true, false])
  t.test(dies ? 'CRIU dies of it' : 'CRIU takes its links back', async (t) => {
    let cut = 0
    for (const pages of PAGES)
      await t.test(`${pages} pages`, async (t) => {
        const living = await startLiving(containerCrowd(FILES, 1))
        t.teardown(living.end)
        const { base, built, look, tree, pids } = living
        putDecoys(join(built.root ?? '', 'app'))
        const images = join(base, 'images')
        mount('-t', 'tmpfs', '-o', `size=${pages * 4}k`, 'tmpfs', images)
        t.teardown(() => unmount(images))
        const first = look()
        // The log has room.
        const extra = ['-W', base]
        const options = { pid: tree.pid, images, external: built.dumpExternal ?? [], extra }
        const made = dies ? dumpKilledWhenFull(options) : undefined
        if (!dies) t.not(tryDump(options).code, 0, 'too few')
        await settled(pids)
        const args = ['--pid', String(tree.pid), '-D', images, '-W', base]
        const shown = (): number => runGc('show', args).code
        await until('somebody is at work', () => (shown() === 6 ? undefined : true))
        const before = look()
        const links = newLinks(first, before)
        if (dies) t.equal(links.length > 0, made !== undefined, `${made} links were made`)
        else t.strictSame(links, [], 'it took back what it had made')
        if (sizeOf(images) > 0 && (!dies || links.length > 0)) cut++
        const run = runGc('clean', args)
        t.strictSame(onlyRemoved(before, look(), links), [], messagesIn(run))
        t.ok(run.code === 0 || run.code === 4, `exit ${run.code}: ${messagesIn(run)}`)
        const health = await askAll(pids)
        const left = newLinks(first, look()).length
        t.comment(`files.img ${sizeOf(images)} bytes; ${rowOf(run, links.length, left, health)}`)
      })
    t.ok(cut > 0, `files.img was cut in ${cut} of them`)
  })

t.test('the image of the files is lost, and not the one that lists the links', async (t) => {
  const living = await startLiving(containerCrowd(5, 1))
  t.teardown(living.end)
  const { base, built, look, tree, pids } = living
  const images = join(base, 'images')
  const script = join(base, 'script')
  const kill = '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ] || kill -KILL "$PPID"\n'
  writeFileSync(script, kill, { mode: 0o755 })
  const first = look()
  const extra = ['--action-script', script]
  tryDump({ pid: tree.pid, images, external: built.dumpExternal ?? [], extra })
  await settled(pids)
  truncateSync(join(images, 'files.img'))
  const before = look()
  const links = newLinks(first, before)
  t.ok(links.length > 0, 'there are links')
  const run = runGc('clean', ['--pid', String(tree.pid), '-D', images])
  t.strictSame(onlyRemoved(before, look(), links), [], messagesIn(run))
  t.strictSame(run.report?.unlisted, [], 'what was found is not lost')
  t.equal(run.code, 4, 'there may be more')
})
