// --repair: kinds of what a killed dump left, and cgroups by name.
import { fromText, type Bytes } from '../bytes.js'
import { usage } from '../errors.js'
import { escapeText } from '../escape.js'
import type { Scope } from '../prepare-left.js'
import { isRepair, NAMED_CGROUP, REPAIRS, type Repair, type Repairs } from '../residue/repairs.js'

/** "signals,freezer:/sys/fs/cgroup/pod" @throws GcError usage. */
export const repairsOf = (values: readonly string[]): Repairs => {
  const kinds = new Set<Repair>()
  const cgroups = new Set<Bytes>()
  for (const value of values) {
    const at = `,${value}`.indexOf(`,${NAMED_CGROUP}`)
    const words = at < 0 ? value : value.slice(0, Math.max(0, at - 1))
    if (at >= 0) cgroups.add(cgroupIn(value.slice(at + NAMED_CGROUP.length)))
    if (at === 0) continue
    for (const word of words.split(',')) kinds.add(kindIn(word))
  }
  return { kinds, cgroups }
}

const kindIn = (word: string): Repair => {
  if (isRepair(word)) return word
  throw usage(`--repair ${escapeText(word)}: there is no such kind`, {
    next: `write one or more of ${REPAIRS.join(', ')}, with commas between`,
  })
}

/** Written as the kernel has it: what is found is compared with it, and no path is looked up. */
const cgroupIn = (path: string): Bytes => {
  if (path.startsWith('/')) return fromText(path.replace(/(?<=.)\/+$/, ''))
  throw usage(`--repair ${NAMED_CGROUP}${escapeText(path)}: an absolute path of a cgroup`, {
    next: 'give its folder on this host, as "criu-gc show" names it',
  })
}

/** @throws GcError usage where it means nothing. */
export const repairsIfFit = (
  values: readonly string[],
  isShowOrClean: boolean,
  only: ReadonlySet<Scope>,
): Repairs => {
  if (values.length > 0 && !isShowOrClean)
    throw usage('--repair is for show and clean of one container', { next: 'leave it out' })
  if (values.length > 0 && !only.has('residue'))
    throw usage('--repair, and --only without residue', {
      next: 'add residue to --only, or leave out --repair',
    })
  return repairsOf(values)
}
