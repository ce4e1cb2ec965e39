// The container of the embedded sample (test/sample): a bit of everything in one dump.
import * as h from '../holder.js'
import { makeRootfs, makeTree } from '../rootfs.js'
import type { Scenario } from '../scenario.js'
import { at, lost } from './held.js'

export const sample: Scenario = {
  name: 'sample',
  about: 'a server with a volume and a tmpfs, and a worker in a mount namespace of its own',
  build(base) {
    const folders = ['data', 'tmp', 'var/lib/server', 'var/cache/worker', 'work', 'scratch']
    const root = makeRootfs(`${base}/rootfs`, folders)
    const volume = makeTree(`${base}/volume`, ['tables'])
    return {
      instructions: h.container(
        root,
        [h.bind(volume, '/data'), h.tmpfs('/tmp')],
        [
          h.hold('/var/lib/server/journal.new', '/var/lib/server/journal', 4096, 0o640),
          h.hold('/data/tables/users.new', '/data/tables/users', 12000, 0o600),
          h.map('/data/index.new', '/data/index', 8192, 0o600),
          h.hold('/tmp/session.new', '/tmp/session', 64),
          h.nested(
            [h.bind('/var/cache/worker', '/work'), h.tmpfs('/scratch')],
            [
              h.hold('/work/job.new', '/work/job', 300),
              h.hold('/scratch/part.new', '/scratch/part', 128),
              h.hold('/data/queue.new', '/data/queue', 700),
            ],
          ),
        ],
      ),
      held: [
        at('/var/lib/server', `${root}/var/lib/server`, 'journal', 0o640, 4096),
        at('/data/tables', `${volume}/tables`, 'users', 0o600, 12000),
        at('/data', volume, 'index', 0o600, 8192),
        lost('/tmp', 0o644, 64),
        at('/work', `${root}/var/cache/worker`, 'job', 0o644, 300),
        lost('/scratch', 0o644, 128),
        at('/data', volume, 'queue', 0o644, 700),
      ],
      dumpExternal: ['mnt[/data]:/data'],
      root,
      external: [`mnt[/data]:${volume}`],
      trees: [root, volume],
    }
  },
}
