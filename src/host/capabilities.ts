// Which capabilities a step needs that was refused, and which of them this thread lacks: a container or a service
// manager takes some of root's away.
import { kernelText } from './kernel-text.js'

/** Numbers of linux/capability.h, of those that a run needs. */
const NUMBERS = {
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_ADMIN: 21,
} as const

export type Capability = keyof typeof NUMBERS

/** To make mount namespaces and to attach in them. */
export const TO_CONSTRUCT: readonly Capability[] = ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT']
/** To give all of them up but two. */
export const TO_DROP: readonly Capability[] = [
  'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER',
] // prettier-ignore

/** A set of 2^capability. */
export type Held = bigint

/** What that text says of those in effect, or of those that the thread could have; undefined where it says nothing. */
export const parseCapabilities = (status: string, set: 'CapEff' | 'CapPrm'): Held | undefined => {
  const [, digits] = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status) ?? []
  return digits === undefined ? undefined : BigInt(`0x${digits}`)
}

/** What tells those of the calling thread as they are now; empty where nothing does. */
export const threadStatus = (): string => {
  try {
    return kernelText('/proc/thread-self/status')
  } catch {
    return ''
  }
}

export const lacking = (held: Held | undefined, needed: readonly Capability[]): Capability[] =>
  held === undefined ? [] : needed.filter((name) => (held & (1n << BigInt(NUMBERS[name]))) === 0n)
