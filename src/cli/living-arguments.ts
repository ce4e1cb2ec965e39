// What --pid leaves no use for: the mounts of a container that lives are its own, and nothing is put in their place.
import { usage } from '../errors.js'
import type { Located } from './located.js'

/** They say what is, or is not any more, where the images have a mount. */
const ABOUT_MOUNTS = ['root', 'external', 'ext-mount-map', 'mounts', 'gone']

const isAboutMounts = ({ option }: Located): boolean => ABOUT_MOUNTS.includes(option.long)

export interface Taken {
  readonly options: readonly Located[]
  /** Of files, which are for dumps and restores too. */
  readonly unused: readonly Located[]
}

/** The first of them that was typed: a container that is asked for by name may live, too. */
export const typedMounts = (typed: readonly Located[]): string | undefined =>
  typed.find(isAboutMounts)?.option.long

/** @throws GcError usage. */
export const withoutMounts = (fromFiles: readonly Located[], typed: readonly Located[]): Taken => {
  if (!typed.some(({ option }) => option.long === 'pid'))
    return { options: [...fromFiles, ...typed], unused: [] }
  const wrong = typedMounts(typed)
  if (wrong !== undefined)
    throw usage(
      `--${wrong} is of no use with --pid: the mounts of a container that lives are looked at themselves`,
      {
        next: `nothing was touched; leave out --${wrong}. If the container of the dump has ended, leave out --pid instead, also where it was started again since`,
      },
    )
  return {
    options: [...fromFiles.filter((given) => !isAboutMounts(given)), ...typed],
    unused: fromFiles.filter(isAboutMounts),
  }
}
