// Asks whether a directory answers, as the command does: from a process that holds other descriptors,
// below and above that of the directory. Prints which one that is, and then what the answer was.
// Arguments: the directory, how long to wait in ms.
import fs from 'node:fs'
import { fromText, type Bytes } from '../../src/bytes.js'
import { loadAddon } from '../../src/sys/addon.js'
import { AT_FDCWD, O_PATH } from '../../src/sys/constants.js'
import { inRepo } from '../rig/repo.js'

const [, , directory = '', milliseconds] = process.argv
const addon = loadAddon(inRepo('dist'))
const others = (): number => fs.openSync('/dev/null', 'r')
const print = (value: number): number => fs.writeSync(1, `${value}\n`)

others()
const fd = addon.openat(AT_FDCWD, fromText(directory), O_PATH, 0)
others()
print(fd)
print(addon.answers(fd, '.' as Bytes, 0, null, Number(milliseconds)))
