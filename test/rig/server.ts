// Containers of runc's or crun's that can be restored by both, and a server with one connection as one: in a network namespace
// of its own or in one that it shares with others, as in a pod. Only inside a private mount namespace, which is given a
// cgroup2 of its own.
import { copyFileSync, writeFileSync } from 'node:fs'
import { compile } from './compile.js'
import { runContainer, type Container, type Runtime } from './runtime.js'

interface Linux {
  readonly linux: {
    maskedPaths?: string[]
    readonly namespaces: { readonly type: string; path?: string }[]
  }
}

interface Plain {
  /** lines of CRIU's configuration */
  readonly config: string
  /** what runs in it; otherwise the holder with its links */
  readonly server?: number
  /** the path of a network namespace that is there already */
  readonly netns?: string | undefined
}

/** clean up when done */
export const runPlain = (runtime: Runtime, { config, server, netns }: Plain): Promise<Container> =>
  runContainer(runtime, (spec, base) => {
    const { linux } = spec as typeof spec & Linux
    // crun 1.28 has no mapping for directories that it masks
    linux.maskedPaths = []
    if (server !== undefined) {
      copyFileSync(compile('server.c', '-static'), serverIn(base))
      spec.process.args = ['/server', String(server)]
    }
    for (const one of linux.namespaces)
      if (one.type === 'network' && netns !== undefined) one.path = netns
    writeFileSync(`${base}/criu.conf`, config)
  })

/** without which it cannot be restored */
export const serverIn = (base: string): string => `${base}/bundle/rootfs/server`
