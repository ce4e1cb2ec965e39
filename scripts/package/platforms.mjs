// The processors that packages are made for, under the names that each tool has for them.

export const PLATFORMS = [
  { arch: 'x64', deb: 'amd64', rpm: 'x86_64', triplet: 'x86_64-linux-gnu', glibc: '2.14' },
  { arch: 'arm64', deb: 'arm64', rpm: 'aarch64', triplet: 'aarch64-linux-gnu', glibc: '2.17' },
]

/** The program of Debian's binutils or compilers for that processor; also this machine's own has the name. */
export const tool = ({ triplet }, name) => `${triplet}-${name}`

/** Debian's package that has the compiler. */
export const compilerPackage = ({ triplet }) => `g++-${triplet.replace('_', '-')}`
