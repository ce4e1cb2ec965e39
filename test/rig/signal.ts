// A signal to one process. The numbers from 0 down, and what a file that is empty or missing is read as, mean others:
// a group, or every process of the machine.
export function send(pid: number, signal: NodeJS.Signals): void {
  if (!Number.isInteger(pid) || pid <= 1) throw new Error(`${signal} to process ${pid}: refused`)
  process.kill(pid, signal)
}
