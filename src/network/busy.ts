// Whether somebody is at work in a network namespace of which a lock is to go: that lock may be of a dump or a restore that
// runs.
import fs from 'node:fs'
import { GcError } from '../errors.js'
import { ifSeen, isCriu, processIds, processText, tracerOf } from '../host/processes.js'
import type { Netns } from './facts.js'
import type { NetworkFound } from './find.js'

/** @throws GcError busy. */
export const refuseBusy = ({ planned }: Pick<NetworkFound, 'planned'>): void => {
  const going = planned.flatMap(({ verdict, lock }) =>
    verdict === 'go' && lock !== undefined ? [lock] : [],
  )
  const namespaces = new Map<string, Netns>()
  // In our own, CRIU works for everybody: but a table has the name of its run, and a connection its ends.
  for (const { netns, kind } of going)
    if (!netns.isOurs || kind === 'chain') namespaces.set(netns.id, netns)
  if (namespaces.size === 0) return
  for (const pid of processIds()) {
    const id = ifSeen(() => fs.readlinkSync(`/proc/${pid}/ns/net`, 'latin1'))
    const netns = id === undefined ? undefined : namespaces.get(id)
    if (netns === undefined) continue
    const who = whoWorks(pid, netns)
    if (who !== undefined)
      throw new GcError('busy', `somebody may be at work on ${netns.text}: ${who}`, {
        next: 'nothing was touched; try again when that has ended',
      })
  }
}

const whoWorks = (pid: number, { isOurs, text }: Netns): string | undefined => {
  if (isCriu(pid)) return `${processText(pid)} is CRIU, and in it`
  const tracer = isOurs ? 0 : tracerOf(pid)
  return tracer === 0 ? undefined : `${processText(tracer)} traces ${processText(pid)}, in ${text}`
}
