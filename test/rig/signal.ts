// A signal to one process. The numbers from 0 down, and what a file that is empty or missing is read as, mean others:
// a group, or every process of the machine.
// False where it has ended.
import { errorCode } from '../../src/errors.js'

export function send(pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isInteger(pid) || pid <= 1) throw new Error(`${signal} to process ${pid}: refused`)
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false
    throw error
  }
}
