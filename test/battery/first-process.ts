// Runs the command as the first process of a pid namespace, which no signal ends; SIGTERM comes at its first deletion.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../rig/command.js'
import { execute, type Done } from '../rig/execute.js'
import { cleared, commandLine } from '../rig/gc.js'
import { OWN_PROCESSES } from '../rig/namespace.js'
import { inRepo } from '../rig/repo.js'

export const runAsFirst = async (args: readonly string[], program?: string): Promise<Done> => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'criu-gc-first-'))
  try {
    const library = join(folder, 'self-signal.so')
    const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
    must('cc', [...flags, '-o', library, inRepo('test', 'battery', 'self-signal.c')])
    const command = [...OWN_PROCESSES, ...commandLine(args, program), '--allow-environment']
    return await execute('env', cleared(`LD_PRELOAD=${library}`, 'unshare', ...command))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}
