// What a process may do at the moment of a deletion, as the kernel sees it: one line for each thing that
// is not as it should be.
import fs from 'node:fs'

const KEPT = (1n << 1n) | (1n << 3n) // CAP_DAC_OVERRIDE, CAP_FOWNER
const NOBODY = '65534'
const SECCOMP_FILTER = '2'

type Status = ReadonlyMap<string, string>

const statusOf = (pid: number, thread: string): Status => {
  const text = fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1')
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(':\t')
      return [name, value.trim()]
    }),
  )
}

const differences = (status: Status, expected: Readonly<Record<string, string>>): string[] =>
  Object.entries(expected)
    .filter(([name, value]) => status.get(name) !== value)
    .map(([name, value]) => `${name} is ${status.get(name)}, not ${value}`)

const mask = (set: bigint): string => set.toString(16).padStart(16, '0')
const four = (uid: string): string => Array.from({ length: 4 }, () => uid).join('\t')

/** `filters`: seccomp filters that each thread has, the one of kill-at included */
export const statusProblems = (pid: number, filters = 2): string[] => {
  const common = {
    CapInh: mask(0n),
    CapAmb: mask(0n),
    NoNewPrivs: '1',
    Seccomp: SECCOMP_FILTER,
    Seccomp_filters: String(filters),
    Groups: '',
  }
  const deleting = { CapEff: mask(KEPT), CapPrm: mask(KEPT), CapBnd: mask(KEPT), Uid: four('0') }
  const others = { CapEff: mask(0n), CapPrm: mask(0n), Uid: four(NOBODY) }
  const threads = fs.readdirSync(`/proc/${pid}/task`)
  const problems = threads.flatMap((thread) => {
    const expected = thread === String(pid) ? deleting : others
    const found = differences(statusOf(pid, thread), { ...common, ...expected })
    return found.map(
      (problem) => `${thread === String(pid) ? 'deleting' : 'other'} thread: ${problem}`,
    )
  })
  if (threads.length < 2) problems.push('there are no other threads to look at')
  const cwd = fs.readlinkSync(`/proc/${pid}/cwd`)
  if (cwd !== '/') problems.push(`the working directory is ${cwd}`)
  // prctl(2): what is not dumpable belongs to root and cannot be looked into by its own user.
  if (fs.statSync(`/proc/${pid}/task/${threads.at(-1)}/environ`).uid !== 0)
    problems.push('it is dumpable')
  return problems
}

/** what each descriptor beyond 0, 1 and 2 leads to */
export const descriptorsOf = (pid: number): string[] =>
  fs
    .readdirSync(`/proc/${pid}/fd`)
    .filter((fd) => Number(fd) > 2)
    .map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`))
