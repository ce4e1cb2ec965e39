// A copy of the package whose addon is built with the sanitizers, in a folder of its own: the command
// loads its addon from one place relative to itself, so that neither can get the other's.
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { must } from '../rig/command.js'
import { inRepo } from '../rig/repo.js'
import { clearCounts, countsFile } from './counts.js'

/** the exit code of a process that a sanitizer ends; the command has none like it */
export const REPORTED = 77

/**
 * LeakSanitizer would need ptrace(2). One frame of each allocation, and little freed memory that is kept
 * from being used again: Node's own allocations would take more time than all the rest.
 */
const ASAN_OPTIONS = [
  `exitcode=${REPORTED}`,
  'detect_leaks=0',
  'malloc_context_size=1',
  'quarantine_size_mb=1',
  'thread_local_quarantine_size_kb=64',
].join(':')
const UBSAN_OPTIONS = `print_stacktrace=1:halt_on_error=1:exitcode=${REPORTED}`

/** what runs the command in place of Node */
export const launcherOf = (variant: string): string => join(variant, 'node')
export const programOf = (variant: string): string => join(variant, 'dist', 'criu-gc.cjs')

/** The library that the addon will get from the loader. @throws where it asks for none. */
const libraryOf = (variant: string, name: string): string => {
  const addon = join(variant, 'build', 'Release', 'syscalls.node')
  const [, path] = new RegExp(`${name}\\.so\\S* => (/\\S+)`).exec(must('ldd', [addon])) ?? []
  if (path === undefined) throw new Error(`${addon} has no ${name}`)
  return path
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Nothing but this process gets the variables, and preload.c takes them away from it. */
const writeLauncher = (variant: string, libraries: readonly string[]): void => {
  const variables = {
    CRIU_GC_SANITIZED: countsFile(variant),
    ASAN_OPTIONS,
    LD_PRELOAD: libraries.join(' '),
  }
  const words = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`)
  const script = `#!/bin/sh\n${words.join(' ')} exec ${quote(process.execPath)} "$@"\n`
  fs.writeFileSync(launcherOf(variant), script, { mode: 0o755 })
}

/** `change` may edit the folder that it is given: a copy of native/ */
export const makeVariant = async (
  variant: string,
  change: (native: string) => void = () => undefined,
): Promise<void> => {
  fs.mkdirSync(variant, { recursive: true })
  for (const name of ['package.json', 'dist', 'native'])
    fs.cpSync(inRepo(name), join(variant, name), { recursive: true })
  fs.copyFileSync(inRepo('binding.gyp'), join(variant, 'shipped.gypi'))
  fs.copyFileSync(inRepo('test', 'sanitize', 'binding.gyp'), join(variant, 'binding.gyp'))
  change(join(variant, 'native'))
  const nodeGyp = inRepo('node_modules', '.bin', 'node-gyp')
  await promisify(execFile)(nodeGyp, ['rebuild'], { cwd: variant })

  const [asan, ubsan] = [libraryOf(variant, 'libasan'), libraryOf(variant, 'libubsan')]
  const preload = join(variant, 'preload.so')
  const strings = { LIBASAN: asan, LIBUBSAN: ubsan, UBSAN_OPTIONS }
  const defines = Object.entries(strings).map(([name, text]) => `-D${name}=${JSON.stringify(text)}`)
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', ...defines]
  must('cc', [...flags, '-o', preload, inRepo('test', 'sanitize', 'preload.c')])
  clearCounts(variant)
  writeLauncher(variant, [asan, preload, ubsan])
}
