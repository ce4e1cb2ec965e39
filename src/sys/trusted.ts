// What root loads must be as safe from others as the program itself, beside which it lies: whoever could
// write it would be root with the next run.

/** As fs.statSync() has it with `bigint`, which all of a start asks for: either form takes a tenth of a millisecond. */
interface Owned {
  readonly uid: bigint
  readonly gid: bigint
  readonly mode: bigint
}

const GROUP_WRITES = 0o020n
const OTHERS_WRITE = 0o002n

/** Who else may write `file` than who may write the program, of which this is the folder; undefined: nobody. */
export const distrust = (file: Owned, folder: Owned): string | undefined => {
  if (file.uid !== 0n && file.uid !== folder.uid) return `it belongs to user ${file.uid}`
  const more = file.mode & ~folder.mode
  if (more & OTHERS_WRITE) return 'everybody may write it'
  const isOtherGroup = file.gid !== folder.gid
  if (file.mode & GROUP_WRITES && (isOtherGroup || more & GROUP_WRITES))
    return `group ${file.gid} may write it`
  return undefined
}
