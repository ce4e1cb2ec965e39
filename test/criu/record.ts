// Records images for tests that have no CRIU and no root: dumps scenarios for real and keeps the
// images that a clean-up reads, with what was there beside them as expected.json. Memory is left out.
//   node out/test/criu/record.js [SCENARIO...]     test/images/SCENARIO, or test/sample for sample
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { attempt } from '../rig/command.js'
import { criu, skipReason } from '../rig/criu.js'
import { mountRows } from '../rig/images.js'
import { mountinfo } from '../rig/mountinfo.js'
import { insideMountNamespace, isInside, unmount } from '../rig/namespace.js'
import { inRepo } from '../rig/repo.js'
import { checkpoint, type Checkpoint, type Scenario } from '../rig/scenario.js'
import { killed, type Killed } from '../rig/killed.js'
import { scenario, scenarios } from '../rig/scenarios.js'
import { sample } from '../rig/scenarios/sample.js'

const kept =
  /^(inventory|pstree|ids-\d+|files|remap-fpath|mountpoints-\d+|userns-\d+|ghost-file-\w+)\.img$/

/** of which only counts that they are there: they hold memory and registers */
const emptied = /^core-\d+\.img$/

/** images of a tree that shares the machine's root name every mount in it: only those stay */
const common = new Set(['/', '/proc', '/sys', '/dev', '/dev/shm', '/dev/pts'])

function leaveCommonMounts(): void {
  const points = mountinfo().map((line) => line.split(' ')[4] ?? '')
  for (const point of points.reverse()) if (!common.has(point)) unmount(point)
}

function expected(made: Checkpoint): object {
  const names = new Map(made.links.map(({ link }) => [link.slice(link.lastIndexOf('/') + 1), link]))
  return {
    about: made.scenario.about,
    criu: /Version: (\S+)/.exec(attempt(criu, ['--version']).stdout)?.[1],
    base: made.base,
    root: made.built.root ?? null,
    external: made.built.external ?? [],
    remaps: made.remaps.map((remap) => ({
      ...remap,
      mode: remap.mode === null ? null : `0${remap.mode.toString(8)}`,
      // where the link was on this machine; null: it died with its file system
      outside: names.get(remap.link.slice(remap.link.lastIndexOf('/') + 1)) ?? null,
    })),
    mounts: mountRows(made.images),
  }
}

async function record(one: Scenario | Killed): Promise<void> {
  // the images hold this path, so it is one that says nothing of the machine
  const base = `/tmp/criu-gc-${one.name}`
  rmSync(base, { recursive: true, force: true })
  mkdirSync(base)
  const made = await checkpoint(one, { base, ...('killAt' in one && { killAt: one.killAt }) })
  const to = one === sample ? inRepo('test', 'sample') : inRepo('test', 'images', one.name)
  const images = one === sample ? join(to, 'images') : to
  rmSync(images, { recursive: true, force: true })
  mkdirSync(images, { recursive: true })
  for (const name of readdirSync(made.images).filter((name) => kept.test(name))) {
    copyFileSync(join(made.images, name), join(images, name))
  }
  for (const name of readdirSync(made.images).filter((name) => emptied.test(name))) {
    writeFileSync(join(images, name), readFileSync(join(made.images, name)).subarray(0, 8))
  }
  const text = JSON.stringify(expected(made), null, 2)
  writeFileSync(join(to, 'expected.json'), await format(text, { parser: 'json', printWidth: 100 }))
  made.cleanup()
  console.log(`${one.name}: ${made.remaps.length} remaps`)
}

const reason = skipReason()
if (reason) throw new Error(reason)
const names = process.argv.slice(2)

if (!isInside()) {
  const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
  process.exit(spawnSync(command, [...args, ...names], { stdio: 'inherit' }).status ?? 1)
}
leaveCommonMounts()
const all = [...scenarios.filter((one) => one.name !== 'thousand'), ...killed, sample]
const wanted = names.map((name) => all.find((one) => one.name === name) ?? scenario(name))
for (const one of wanted.length ? wanted : all) await record(one)
