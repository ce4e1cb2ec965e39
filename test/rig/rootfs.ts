// The smallest root file system that the holder runs in.
import { chmodSync, copyFileSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './command.js'
import { holder } from './holder.js'

/** makes `dir` with the given folders, /dev/null and the holder in it */
export function makeRootfs(dir: string, folders: string[] = []): string {
  for (const folder of ['dev', 'proc', 'app', ...folders]) {
    mkdirSync(join(dir, folder), { recursive: true })
  }
  must('mknod', ['-m', '666', join(dir, 'dev', 'null'), 'c', '1', '3'])
  copyFileSync(holder(), join(dir, 'holder'))
  chmodSync(join(dir, 'holder'), 0o755)
  return dir
}

/** a folder with folders */
export function makeTree(dir: string, folders: string[] = []): string {
  for (const folder of ['', ...folders]) mkdirSync(join(dir, folder), { recursive: true })
  return dir
}

/** gives everything below to an id: what a user namespace needs */
export function chownAll(path: string, id: number): void {
  lchownSync(path, id, id)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), id)
}
