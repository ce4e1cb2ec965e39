// Network namespaces: held by descriptor, and entered for the moment in which a program looks into one or changes it.
import { concat, type Bytes } from '../bytes.js'
import { usage } from '../errors.js'
import { escape } from '../escape.js'
import { AT_FDCWD, CLONE_NEWNET, O_NONBLOCK, O_RDONLY } from '../sys/constants.js'
import { errnoName } from '../sys/errno.js'
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

  /** One that the caller names, by a file of nsfs. @throws GcError usage where none is there. */
  named(path: Bytes): void {
    const fd = this.sys.tryOpenat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK)
    const found = fd < 0 ? undefined : this.held(fd, `network namespace ${escape(path)}`)
    if (found === undefined)
      throw usage(`no network namespace is there${fd < 0 ? ` (${errnoName(-fd)})` : ''}`, {
        where: escape(path),
        next: 'nothing was touched; give one that ip netns has below /run/netns, or /proc/PID/ns/net',
      })
  }

  /** By a file of nsfs; undefined where it cannot be looked at. */
  at(path: Bytes, text: string): Netns | undefined {
    const fd = this.unread.number(text, this.sys.tryOpenat(AT_FDCWD, path, O_RDONLY))
    return fd === undefined ? undefined : this.held(fd, text)
  }

  has(id: Bytes): boolean {
    return this.found.some((one) => one.id === id)
  }

  /** By an O_PATH fd, which it takes. What is no file of nsfs is never opened: a FIFO waits for somebody. */
  through(link: number, text: string): Netns | undefined {
    const { sys } = this
    const path = concat(`/proc/thread-self/fd/${link}`)
    const fd = this.isNs(link) ? sys.tryOpenat(AT_FDCWD, path, O_RDONLY) : -1
    sys.close(link)
    return fd < 0 ? undefined : this.held(fd, text)
  }

  /** All namespaces are of one file system. */
  private isNs(fd: number): boolean {
    const { sys } = this
    const [stat, own] = [sys.fstatCached(fd), sys.fstatCached(this.home().fd)]
    return stat.major === own.major && stat.minor === own.minor
  }

  /** Undefined for what is no file of nsfs. Takes the descriptor. */
  private held(fd: number, text: string): Netns | undefined {
    const { sys } = this
    const isNs = this.isNs(fd)
    const id = concat(`net:[${sys.fstatCached(fd).inoLow}]`)
    const known = id === this.home().id ? this.own() : this.found.find((one) => one.id === id)
    if (isNs && known === undefined) return this.add({ id, text, isOurs: false, fd })
    sys.close(fd)
    return isNs ? known : undefined
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
