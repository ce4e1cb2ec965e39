// What can be dumped, as data: each one is a process, its mounts, and the links its dump leaves.
import type { Scenario } from './scenario.js'
import { innerTmpfs, inheritedShm, nested, overlay } from './scenarios/mounts.js'
import { hostTree, mapped, mntns, oddNames, parentGone, thousand } from './scenarios/plain.js'
import { readOnlyFileSystem, readOnlyMount } from './scenarios/read-only.js'
import { bindOfExternal, containerWithVolume, externalVolume, userns } from './scenarios/volumes.js'

export const scenarios: Scenario[] = [
  ...[hostTree, mntns, containerWithVolume, externalVolume, bindOfExternal, readOnlyMount],
  ...[readOnlyFileSystem, overlay, nested, innerTmpfs, inheritedShm, mapped, parentGone, userns],
  ...[oddNames, thousand],
]

export function scenario(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name)
  if (!found) throw new Error(`no scenario ${name}`)
  return found
}
