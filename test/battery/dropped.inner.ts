// Gives up privileges as the command does, then tries in a folder what nobody may any more. Says what
// each attempt was answered with.
import fs from 'node:fs'
import { join } from 'node:path'
import { fromText, type Bytes } from '../../src/bytes.js'
import { dropPrivileges } from '../../src/privilege/drop.js'
import { loadAddon } from '../../src/sys/addon.js'
import { Sys } from '../../src/sys/sys.js'
import { inRepo } from '../rig/repo.js'

const AT_FDCWD = -100
const [O_RDWR, O_CREAT, O_TRUNC] = [2, 0o100, 0o1000]

const sys = new Sys(loadAddon(inRepo('dist')))
const [folder = ''] = process.argv.slice(2)
const at = (name: string): Bytes => fromText(join(folder, name))
dropPrivileges(sys)
fs.writeSync(
  1,
  JSON.stringify({
    landlock: sys.landlockVersion() !== undefined,
    look: sys.tryOpenat2(AT_FDCWD, at('file'), 0, 0) >= 0,
    write: sys.tryOpenat2(AT_FDCWD, at('file'), O_RDWR, 0),
    truncate: sys.tryOpenat2(AT_FDCWD, at('file'), O_RDWR | O_TRUNC, 0),
    create: sys.tryOpenat2(AT_FDCWD, at('made'), O_CREAT | O_RDWR, 0),
    openat: sys.tryOpenat(AT_FDCWD, at('made'), O_CREAT | O_RDWR),
    mkdir: sys.tryMkdirat(AT_FDCWD, at('folder'), 0o700),
    removeDirectory: sys.addon.unlinkat(AT_FDCWD, at('empty'), 0x200),
    unlink: sys.tryUnlinkat(AT_FDCWD, at('link')),
  }),
)
// Newer Nodes use their ring of io_uring at their own end, and abort where they may not.
sys.exitGroup(0)
