// A container of runc, checkpointed, given up, cleaned up after by its bundle, before the reader's eyes: `npm run demo:runc`.
// It needs root and `npm run criu`. All of it is in a temporary folder and a mount namespace of its own.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cleared, commandLine } from '../rig/gc.js'
import { insideMountNamespace, isInside } from '../rig/namespace.js'
import { pureCgroup2, runtimeCheckpoint, skipReason } from '../rig/runtime.js'

const show = (text: string): void => {
  console.log(`\n$ ${text}`)
}

/** Runs it as it stands there, and answers with its exit code. */
const gc = (...words: string[]): number => {
  show(`criu-gc ${words.join(' ')}`)
  const { status } = spawnSync('env', cleared(...commandLine(words)), { stdio: 'inherit' })
  console.log(`(exit ${status})`)
  return status ?? -1
}

const demo = async (): Promise<void> => {
  pureCgroup2()
  console.log(
    'A container of runc holds files that it has deleted: in its root file system, in a volume,',
  )
  console.log('in a directory behind a symbolic link, on its /tmp and its /dev/shm.')
  const { base, images, paths, cleanup } = await runtimeCheckpoint('runc')
  try {
    show(`runc checkpoint --image-path ${images} demo`)
    console.log('runc forgets it now. What CRIU has left of it on this host:')
    show(`find ${base} -name 'link_remap.*'`)
    spawnSync('find', [base, '-name', 'link_remap.*'], { stdio: 'inherit' })
    const bundle = ['--bundle', `${base}/bundle`, '-D', images]
    const shown = gc('show', '-v', ...bundle)
    const cleaned = gc('clean', ...bundle)
    show(`find ${base} -name 'link_remap.*'`)
    spawnSync('find', [base, '-name', 'link_remap.*'], { stdio: 'inherit' })
    const again = gc('show', ...bundle)
    console.log(`\n${paths.length} links are gone.`)
    process.exitCode = shown === 3 && cleaned === 0 && again === 0 ? 0 : 1
  } finally {
    cleanup()
  }
}

const reason = skipReason('runc')
if (reason !== undefined) {
  console.error(`demo: ${reason}`)
  process.exitCode = 1
} else if (isInside()) await demo()
else {
  const [command, args] = insideMountNamespace(fileURLToPath(import.meta.url))
  process.exitCode = spawnSync(command, args, { stdio: 'inherit' }).status ?? 1
}
