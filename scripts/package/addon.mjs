// The addon for a processor, as packages carry it: from the same binding.gyp as in a clone, in a folder of
// its own, so that the clone's addon stays; stripped; and asking for no newer library than it may.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { compilerPackage, tool } from './platforms.mjs'
import { run } from './run.mjs'
import { isNewer, newest } from './symbols.mjs'

const REPO = resolve(import.meta.dirname, '..', '..')

/** Of GCC 5; RHEL 8 and every Node since 20 need newer ones themselves. */
const LIMITS = { GLIBCXX: '3.4.21', CXXABI: '1.3.9' }

/** @throws Error where it would not load on an older system. */
const check = (file, platform) => {
  const limits = { ...LIMITS, GLIBC: platform.glibc }
  for (const [name, version] of Object.entries(newest(file)))
    if (limits[name] === undefined || isNewer(version, limits[name]))
      throw new Error(
        `${file} needs ${name}_${version}, at most ${limits[name] ?? 'none'} is wanted`,
      )
}

export const buildAddon = (platform, to) => {
  const folder = mkdtempSync(join(tmpdir(), 'criu-gc-addon-'))
  try {
    for (const name of ['package.json', 'binding.gyp', 'native'])
      cpSync(join(REPO, name), join(folder, name), { recursive: true })
    symlinkSync(join(REPO, 'node_modules'), join(folder, 'node_modules'))
    const from = compilerPackage(platform)
    run(tool(platform, 'g++'), ['--version'], { from })
    run(join(REPO, 'node_modules', '.bin', 'node-gyp'), ['rebuild', `--arch=${platform.arch}`], {
      cwd: folder,
      env: { ...process.env, CC: tool(platform, 'gcc'), CXX: tool(platform, 'g++') },
    })
    const built = join(folder, 'build', 'Release', 'syscalls.node')
    run(tool(platform, 'strip'), ['--strip-all', built], { from })
    check(built, platform)
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(built, to)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
