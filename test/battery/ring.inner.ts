// Gives up privileges as the command does, in a process that has a ring of io_uring from before (ring.c), then asks
// through it for what nobody may any more. Words: "no-landlock" as on a kernel without it, "knocked-out" with a
// filter that knows nothing of rings.
import { dropPrivileges } from '../../src/privilege/drop.js'
import { loadAddon, type Addon } from '../../src/sys/addon.js'
import { Sys } from '../../src/sys/sys.js'
import { inRepo } from '../rig/repo.js'

/** as in ring.c */
const FIRST = 1_000_000
const REQUESTS = [
  'rename', 'mkdir', 'rmdir', 'symlink', 'create', 'socket', 'register', 'setup',
] as const // prettier-ignore

const words = process.argv.slice(2)
const addon = loadAddon(inRepo('dist'))
const numbers = Object.fromEntries(
  Object.entries(addon.numbers).filter(
    ([name]) => !words.includes('knocked-out') || !name.startsWith('io_uring_'),
  ),
)
const sys = new Sys(Object.create(addon, { numbers: { value: numbers } }) as Addon)
const landlock = sys.landlockVersion() !== undefined
if (words.includes('no-landlock')) sys.landlockVersion = () => undefined
dropPrivileges(sys)
const answers = REQUESTS.map((name, index) => [name, addon.isatty(FIRST + index)])
console.log(JSON.stringify({ landlock, ...Object.fromEntries(answers) }))
sys.exitGroup(0)
