// A client outside of a container: one TCP connection over a pair of interfaces, of which one end is in its network
// namespace.
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import type { Test } from 'tap'
import { must } from './command.js'

export type Version = '4' | '6'

/** Of pairs whose namespaces are not all gone yet: each has a network of its own. */
const sidesOf = (index: number, version: Version): [host: string, container: string] =>
  version === '4'
    ? [`10.77.${index}.1`, `10.77.${index}.2`]
    : [`fd77:${index}::1`, `fd77:${index}::2`]

/** Joins our network namespace and that of a process; gone with either. The address is that in there. */
export const join = (pid: number, index: number, version: Version): string => {
  const [host, container] = sidesOf(index, version)
  const name = `veth${index}`
  const [prefix, ...more] = version === '4' ? [24] : [64, 'nodad']
  const inside = ['nsenter', '--target', String(pid), '--net', 'ip']
  const ip = (...words: readonly string[]): string => must('ip', words)
  const there = (...words: readonly string[]): string =>
    must(inside[0]!, [...inside.slice(1), ...words])
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid))
  ip('address', 'add', `${host}/${prefix}`, 'dev', name, ...more)
  there('address', 'add', `${container}/${prefix}`, 'dev', 'eth0', ...more)
  there('link', 'set', 'lo', 'up')
  there('link', 'set', 'eth0', 'up')
  ip('link', 'set', name, 'up')
  return container
}

/** In ms: packets that were dropped are sent again after a second or two. */
const PATIENCE = 20_000

export class Client {
  private readonly socket: Socket
  private text = ''
  private count = 0

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (data: string) => (this.text += data))
    socket.on('error', () => undefined)
  }

  /** Ends with the test. */
  static async connect(t: Test, host: string, port: number): Promise<Client> {
    const socket = createConnection({ host, port })
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    socket.setNoDelay()
    return new Client(socket)
  }

  /** "echoed" where what is sent now comes back. */
  async echo(patience = PATIENCE): Promise<string> {
    const line = `${++this.count} of this connection\n`
    this.socket.write(line)
    for (;;) {
      const said = await this.line(patience)
      // what was sent to a network that was closed comes late
      if (said.endsWith('of this connection\n') && said !== line) continue
      return said === line ? 'echoed' : said
    }
  }

  /** What comes next, or "dead". */
  async line(patience = PATIENCE): Promise<string> {
    const until = AbortSignal.timeout(patience)
    while (!this.text.includes('\n') && !this.socket.destroyed)
      try {
        await once(this.socket, 'data', { signal: until })
      } catch {
        return 'dead'
      }
    const end = this.text.indexOf('\n') + 1
    const line = this.text.slice(0, end)
    this.text = this.text.slice(end)
    return line
  }
}
