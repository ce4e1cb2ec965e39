// Configurations of real runtimes and the images of their dumps in, the mappings that a person would have typed out.
import fs from 'node:fs'
import { fromText } from '../../../src/bytes.js'
import { readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import type { Checkpoint } from '../../../src/checkpoint/model.js'
import type { ConfiguredMount } from '../../../src/runtimes/container.js'
import { normal } from '../../../src/runtimes/destination.js'
import { parseDocker } from '../../../src/runtimes/docker.js'
import { parseIncus } from '../../../src/runtimes/incus.js'
import { matchMounts, neededMounts, type Candidate } from '../../../src/runtimes/match.js'
import { parseSpec } from '../../../src/runtimes/spec.js'
import { layOut, recordedCase, recordedCases, recordedFile } from '../checkpoint/recorded.js'
import { b } from '../support/model.js'
import { test } from '../support/check.js'

const configured = (name: string): ConfiguredMount[] => {
  const read = (file: string): string | undefined => {
    const at = recordedFile(name, file)
    return fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : undefined
  }
  const [spec, docker, incus] = [read('config.json'), read('config.v2.json'), read('backup.yaml')]
  if (spec !== undefined) return [...parseSpec(spec, '/bundle', 'config.json').mounts]
  if (docker !== undefined) return parseDocker(docker, '/var/lib/docker', 'config.v2.json')
  return parseIncus(incus ?? '', 'backup.yaml')
}

/** What the root file systems of these containers had: var/link leads to var/real. */
const resolved = (destination: string): string =>
  normal(fromText(destination)).replace(/^\/var\/link\//, '/var/real/')

/** Sources that outlived the container, each where the images recorded it. */
const candidates = (
  name: string,
  checkpoint: Checkpoint,
  { links, disk }: { links: boolean; disk: boolean },
): Candidate[] => {
  const survivors = new Set(Object.values(recordedCase(name).external))
  const mounts = checkpoint.namespaces.flatMap((namespace) => namespace.mounts)
  return configured(name).map((mount) => {
    const recorded = mounts.find(({ root }) => {
      return root !== undefined && mount.source.endsWith(root) && root !== '/'
    })
    const address =
      recorded?.root === undefined || !disk
        ? undefined
        : { device: `${recorded.major}:${recorded.minor}`, path: recorded.root }
    return {
      ...mount,
      place: links ? b(resolved(mount.destination)) : normal(fromText(mount.destination)),
      here: survivors.has(mount.source)
        ? { path: fromText(mount.source), address, upper: undefined }
        : undefined,
    }
  })
}

/** By key, of mounts that lead to links. */
const mappings = (
  name: string,
  checkpoint: Checkpoint,
  known: { links: boolean; disk: boolean },
): Record<string, string> => {
  const { found, mismatches } = matchMounts(checkpoint, candidates(name, checkpoint, known), {
    isThisBoot: known.disk,
    isMounted: () => true,
  })
  const needed = neededMounts(checkpoint)
  if (mismatches.length > 0) throw new Error(`${name}: ${mismatches[0]?.key}`)
  return Object.fromEntries(
    found
      .filter(({ mount }) => needed.has(mount.mntId))
      .map(({ key, candidate }) => [key, candidate.here?.path ?? '']),
  )
}

for (const name of recordedCases())
  test(`${name}: mounts from the configuration`, (t) => {
    const checkpoint = readCheckpoint(layOut(t, name, { logs: false }))
    const mounts = checkpoint.namespaces.flatMap((namespace) => namespace.mounts)
    const needed = neededMounts(checkpoint)
    const keys = mounts
      .filter(({ mntId, external }) => needed.has(mntId) && external !== undefined)
      .map(({ external, mountpoint }) => (external?.kind === 'auto' ? mountpoint : external?.key))
    const { external } = recordedCase(name)
    const wanted = Object.fromEntries(
      Object.entries(external)
        .map(([key, path]) => [normal(fromText(key)), path] as const)
        .filter(([key]) => keys.includes(key)),
    )
    if (keys.length > 0) t.ok(Object.keys(wanted).length > 0)
    t.strictSame(mappings(name, checkpoint, { links: true, disk: false }), wanted, 'by place')
    if (name.includes('btrfs')) return
    t.strictSame(
      mappings(name, checkpoint, { links: false, disk: true }),
      wanted,
      'by device and path, without the root file system',
    )
  })
