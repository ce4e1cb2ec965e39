// Bugs that an addon could have, one a mutant: a sanitizer that does not see them is not at work.
import fs from 'node:fs'
import { join } from 'node:path'

export interface Mutant {
  readonly name: string
  /** below native/ */
  readonly file: string
  /** exactly once in the file */
  readonly replace: string
  readonly by: string
  readonly report: RegExp
}

export const MUTANTS: readonly Mutant[] = [
  {
    // JavaScript's memory has red zones too, because Node allocates it by the sanitizer's malloc.
    name: 'one field more than the array has',
    file: 'statx.h',
    replace: 'kStatWords = 20',
    by: 'kStatWords = 19',
    report: /AddressSanitizer: heap-buffer-overflow[^]*WRITE of size 4[^]*Statx/,
  },
  {
    // Under the seccomp filter, where a sanitizer can open and send nothing.
    name: 'a copy without room for its NUL',
    file: 'files.h',
    replace: 'return answer(info, unlinkat(dirfd, path.c_str(), flags));',
    by: `size_t length = strlen(path.c_str());
         char *name = new char[length];
         memcpy(name, path.c_str(), length);
         name[length] = 0;
         long result = unlinkat(dirfd, name, flags);
         delete[] name;
         return answer(info, result);`,
    report: /AddressSanitizer: heap-buffer-overflow[^]*WRITE of size 1/,
  },
  {
    name: 'a path longer than its place',
    file: 'arguments.h',
    replace: 'char bytes_[PATH_MAX + 1];',
    by: 'char bytes_[2];',
    report: /arguments\.h:\d+:\d+: runtime error: index 2 out of bounds/,
  },
  {
    // Into memory of JavaScript that is as long as the struct.
    name: 'a struct and more',
    file: 'namespaces.h',
    replace: 'memcpy(data, &found, sizeof found);',
    by: 'for (size_t i = 0; i <= sizeof found; i++) data[i] = 0;',
    report: /AddressSanitizer: heap-buffer-overflow[^]*WRITE of size 1[^]*IoctlNsfs/,
  },
  {
    name: 'a shift by all bits',
    file: 'privileges.h',
    replace: 'data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word));',
    by: 'data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word + 32));',
    report: /privileges\.h:\d+:\d+: runtime error: shift exponent 64 is too large/,
  },
]

/** a folder's name */
export const folderOf = ({ name }: Mutant): string => name.replaceAll(' ', '-')

/** Writes the bug into `native`, a copy. @throws where the source has changed. */
export const mutate = (native: string, { name, file, replace, by }: Mutant): void => {
  const path = join(native, file)
  const source = fs.readFileSync(path, 'utf8')
  const parts = source.split(replace)
  if (parts.length !== 2) throw new Error(`${parts.length - 1} times in ${file}: ${name}`)
  fs.writeFileSync(path, parts.join(by))
}
