// Network namespaces: held by descriptor, and entered for the moment in which a program looks into one or changes it.
import { concat, type Bytes } from '../bytes.js'
import { escape } from '../escape.js'
import { AT_FDCWD, CLONE_NEWNET, O_RDONLY } from '../sys/constants.js'
import type { Sys } from '../sys/sys.js'
import type { Netns } from './facts.js'
import type { Unread } from './unread.js'

const OWN = '/proc/thread-self/ns/net' as Bytes

export const HOSTS = "the host's network namespace"

export class NetworkNamespaces {
  /** Each once, in the order in which they came. */
  readonly found: Netns[] = []
  private readonly sys: Sys
  private readonly unread: Unread
  private ours: Netns | undefined

  constructor(sys: Sys, unread: Unread) {
    this.sys = sys
    this.unread = unread
  }

  own(): Netns {
    return this.add(this.home())
  }

  /** Ours. Most runs need none. @throws SyscallError where we cannot look at it. */
  private home(): Netns {
    const { sys } = this
    this.ours ??= {
      id: sys.readlinkat(AT_FDCWD, OWN) ?? ('' as Bytes),
      ...{ text: HOSTS, isOurs: true },
      fd: sys.openat(AT_FDCWD, OWN, O_RDONLY),
    }
    return this.ours
  }

  /** That of a process; undefined where it cannot be looked at. */
  of(pid: number): Netns | undefined {
    return this.at(concat(`/proc/${pid}/ns/net`), `network namespace of process ${pid}`)
  }

  /** One that something shows as a file of nsfs. */
  at(path: Bytes, text = `network namespace ${escape(path)}`): Netns | undefined {
    const { sys } = this
    const fd = this.unread.number(text, sys.tryOpenat(AT_FDCWD, path, O_RDONLY))
    if (fd === undefined) return undefined
    const id = sys.readlinkat(AT_FDCWD, concat(`/proc/thread-self/fd/${fd}`))
    const isOurs = id === this.home().id
    const known = this.found.find((one) => one.id === id)
    if (known === undefined && id?.startsWith('net:[') === true && !isOurs)
      return this.add({ id, text, isOurs, fd })
    sys.close(fd)
    if (isOurs) return this.own()
    if (known === undefined) this.unread.add(text, 'it is no network namespace')
    return known
  }

  private add(netns: Netns): Netns {
    const known = this.found.find(({ id }) => id === netns.id)
    if (known === undefined) this.found.push(netns)
    return known ?? netns
  }

  /**
   * `act` in that namespace; undefined where it cannot be entered.
   * @throws SyscallError where there is no way back: nothing may be done after that.
   */
  inside<T>(netns: Netns, act: () => T): T | undefined {
    if (netns.isOurs) return act()
    const { fd } = this.home()
    const entered = this.sys.trySetns(netns.fd, CLONE_NEWNET)
    if (this.unread.number(netns.text, entered) === undefined) return undefined
    try {
      return act()
    } finally {
      this.sys.setns(fd, CLONE_NEWNET)
    }
  }

  close(): void {
    for (const { fd, isOurs } of this.found) if (!isOurs) this.sys.close(fd)
    if (this.ours !== undefined) this.sys.close(this.ours.fd)
  }
}
