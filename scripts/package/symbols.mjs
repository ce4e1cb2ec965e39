// The newest version of each library that a shared object asks for: what it will not run without.
import { run } from './run.mjs'

const parts = (version) => version.split('.').map(Number)

export const isNewer = (a, b) => {
  const [x, y] = [parts(a), parts(b)]
  const at = x.findIndex((part, index) => part !== (y[index] ?? 0))
  return at >= 0 ? x[at] > (y[at] ?? 0) : false
}

/** As `readelf -V` has it, such as { GLIBC: '2.14', GLIBCXX: '3.4.21', CXXABI: '1.3.9' }. */
export const newest = (file) => {
  const said = run('readelf', ['--version-info', '--wide', file], { from: 'binutils' })
  const found = {}
  for (const [, name, version] of said.matchAll(/Name: ([A-Z]+)_([\d.]+)/g))
    if (found[name] === undefined || isNewer(version, found[name])) found[name] = version
  return found
}
