// The mount table as the kernel prints it, for "nothing was mounted": compared as text, because
// whatever changes in it is news.
import { readFileSync } from 'node:fs'

/** of this process, or of any other; one line a mount, in the kernel's order */
export function mountinfo(pid: number | 'self' = 'self'): string[] {
  return readFileSync(`/proc/${pid}/mountinfo`, 'latin1').trimEnd().split('\n')
}

/** the path of our root in its file system: another than "/" in a subvolume, a bind or what was a chroot */
export const rootOfRoot = (): string =>
  mountinfo()
    .map((line) => line.split(' '))
    .findLast((fields) => fields[4] === '/')?.[3] ?? '/'

/** lines that one table has and the other has not */
export function diffMountinfo(before: string[], after: string[]): string[] {
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)
  const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)
  return [...gone, ...come]
}
