// For random mount trees: a plan leads where it says, by a model of the kernel's lookup that shares
// nothing with the program.
import fc from 'fast-check'
import type { Plan } from '../../../src/plan/planned.js'
import { planCollection } from '../../../src/plan/plan.js'
import { test } from '../support/check.js'
import { holds } from '../support/property.js'
import { checkpoint, externals, options } from '../support/model.js'
import { randomDump, type RandomDump, type RandomMount } from './arbitrary.js'
import { MountTable } from './resolution.js'

const planOf = ({ read, remaps, scope }: RandomDump): Plan => {
  const keys = read.flatMap(({ mounts }) =>
    mounts.flatMap(({ mntId }) => [[`key ${mntId}`, `/volumes/${mntId}`]]),
  )
  return planCollection(
    checkpoint({ namespaces: read, remaps }),
    options({
      root: '/rootfs',
      externals: externals(Object.fromEntries(keys) as Record<string, string>),
      mounts: scope,
    }),
  )
}

const byId = ({ namespaces }: RandomDump): Map<number, RandomMount> =>
  new Map(namespaces.flat().map((one) => [one.id, one]))

/** Of a mount: itself and its ancestors, by the parents that the images give. */
const chain = (dump: RandomDump, id: number): number[] => {
  const all = byId(dump)
  const ids: number[] = []
  for (let one = all.get(id); one !== undefined; one = all.get(one.parent)) ids.push(one.id)
  return ids
}

/** All mounts of a namespace as restore would attach them. */
const wholeTable = (dump: RandomDump, nsId: number): MountTable => {
  const mounts = dump.read.find(({ id }) => id === nsId)!.mounts
  const table = new MountTable(mounts[0]!.mntId)
  for (const { mntId, mountpoint } of mounts.slice(1)) table.attach(mntId, mountpoint)
  return table
}

/** The plan's attachments; undefined where one would not land on its parent. */
const plannedTable = (plan: Plan, nsId: number): MountTable | undefined => {
  const [first, ...others] = plan.namespaces.find(({ id }) => id === nsId)?.attachments ?? []
  if (first?.parentId !== undefined || first === undefined) return undefined
  const table = new MountTable(first.mount.mntId)
  for (const { mount, parentId } of others)
    if (table.attach(mount.mntId, mount.mountpoint) !== parentId) return undefined
  return table
}

const dirOf = (link: string): string => link.slice(0, link.lastIndexOf('/'))

test('every attachment lands on its parent, which is there before it', (t) => {
  holds(
    t,
    'in every namespace',
    fc.property(randomDump, (dump) => {
      const plan = planOf(dump)
      return plan.namespaces.every(({ id }) => plannedTable(plan, id) !== undefined)
    }),
    500,
  )
})

test('the directory of every remap that is reached lies on its mount', (t) => {
  holds(
    t,
    'from the namespace exactly where a lookup leads there, otherwise from the mount',
    fc.property(randomDump, (dump) => {
      const plan = planOf(dump)
      return plan.remaps.every((planned) => {
        if (planned.kind !== 'reach') return true
        const { mount, via, dir, base, remap } = planned
        if (mount?.mntId !== remap.original.mntId) return false
        const full = dirOf(remap.link) || '/'
        const place = plannedTable(plan, mount!.nsId)?.resolve(full)
        const leadsThere = place?.mount === mount!.mntId
        if (`${dirOf(remap.link)}/${base}` !== remap.link) return false
        if (via === 'namespace') return leadsThere && dir === full
        const inMount = full.slice(mount!.mountpoint === '/' ? 0 : mount!.mountpoint.length) || '/'
        return !leadsThere && dir === inMount
      })
    }),
    1000,
  )
})

test('a remap that its task could reach is reached from the namespace', (t) => {
  holds(
    t,
    'whatever else is attached',
    fc.property(randomDump, (dump) => {
      const plan = planOf(dump)
      const all = byId(dump)
      return plan.remaps.every((planned, index) => {
        const remap = dump.remaps[index]!
        const mntId = remap.original.mntId!
        const nsId = dump.read.find(({ mounts }) => mounts.some((one) => one.mntId === mntId))!.id
        const expected = { bind: 'reach', external: 'reach', died: 'vanished', missing: 'kept' }
        if (planned.kind !== expected[all.get(mntId)!.contents]) return false
        if (planned.kind !== 'reach') return true
        const visible = wholeTable(dump, nsId).resolve(dirOf(remap.link)).mount === mntId
        return !visible || planned.via === 'namespace'
      })
    }),
    1000,
  )
})

test('attached is what leads to the remaps, or everything', (t) => {
  holds(
    t,
    'no mount too many and none too few',
    fc.property(randomDump, (dump) => {
      const plan = planOf(dump)
      const attached = plan.namespaces
        .flatMap(({ attachments }) => attachments.map(({ mount }) => mount.mntId))
        .sort((a, b) => a - b)
      const needed =
        dump.scope === 'all'
          ? dump.namespaces.flat().map(({ id }) => id)
          : plan.remaps.flatMap((planned) =>
              planned.kind === 'reach' ? chain(dump, planned.mount!.mntId) : [],
            )
      const wanted = [...new Set(needed)].sort((a, b) => a - b)
      return attached.join() === wanted.join()
    }),
    500,
  )
})

test('the random trees have what the properties are about', (t) => {
  // Not properties: without these cases among the samples the tests above would prove little.
  const dumps = fc.sample(randomDump, 500)
  const plans = dumps.map((dump) => planOf(dump))
  const remaps = plans.flatMap((plan) => plan.remaps)
  const count = (kind: string, via?: string): number =>
    remaps.filter(
      (one) => one.kind === kind && (via === undefined || (one as { via?: string }).via === via),
    ).length
  t.ok(
    count('reach', 'namespace') > 100,
    `reached from the namespace: ${count('reach', 'namespace')}`,
  )
  t.ok(count('reach', 'mount') > 20, `from a covered mount: ${count('reach', 'mount')}`)
  t.ok(count('vanished') > 50, `vanished: ${count('vanished')}`)
  t.ok(count('kept') > 50, `kept: ${count('kept')}`)
  const stacked = dumps.filter(({ namespaces }) =>
    namespaces.some((mounts) =>
      mounts.some((one) =>
        mounts.some((other) => other.parent === one.id && other.mountpoint === one.mountpoint),
      ),
    ),
  )
  t.ok(stacked.length > 100, `trees with stacked mounts: ${stacked.length}`)
})
