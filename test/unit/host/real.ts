// A table of system calls that looks at this machine.
import fs from 'node:fs'
import { Sys } from '../../../src/sys/sys.js'
import { FakeAddon } from '../sys/fake-addon.js'

/** The few calls that are made here, on the real /proc, without the addon. */
export const realSys = (directory = -1): Sys => {
  const addon = new FakeAddon()
  const attempt = (act: () => number): number => {
    try {
      return act()
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? -5
    }
  }
  addon.on('openat', (_dirfd, path) => attempt(() => fs.openSync(String(path), 'r')))
  addon.on('close', (fd) => {
    fs.closeSync(fd as number)
    return 0
  })
  addon.on('readlinkat', (_dirfd, path) =>
    attempt(() => {
      addon.link = fs.readlinkSync(String(path), { encoding: 'buffer' })
      return addon.link.length
    }),
  )
  addon.on('statx', (fd, path) =>
    attempt(() => {
      const { dev, ino } = path === '' ? fs.fstatSync(fd as number) : fs.statSync(String(path))
      return addon.answerStat({ inoLow: ino, minor: dev })
    }),
  )
  addon.open.set(directory, { name: 'openat', args: [] })
  return new Sys(addon)
}
