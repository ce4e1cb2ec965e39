// The name of a link remap: the one place that knows it. CRIU may add a suffix (its issue 2681).
import type { Bytes } from './bytes.js'

export const LINK_PREFIX = 'link_remap.'

/** The name that CRIU gives a link: printf("%d") of the file id, so from 2^31 on negative. */
export const linkName = (id: number): string => `${LINK_PREFIX}${id | 0}`

/** Whether a path ends with the name of the link with that id; it is not put together, for there may be very many. */
export const isNamed = (path: Bytes, id: number): boolean => {
  const digits = String(id | 0)
  return (
    path.endsWith(digits) &&
    path.startsWith(BEFORE_ID, path.length - digits.length - BEFORE_ID.length)
  )
}

const BEFORE_ID = `/${LINK_PREFIX}`

const FORM = /^link_remap\.(-?\d{1,10})(?:\..+)?$/

export const isLinkName = (name: Bytes): boolean => FORM.test(name)

/** One that a release of CRIU has given: no other digits than printf(3) writes, and nothing behind them. */
export const isExactLinkName = (name: Bytes): boolean =>
  isLinkName(name) && name === linkName(idInName(name))

/** The file id in a name of that form. */
export const idInName = (name: Bytes): number => Number(FORM.exec(name)?.[1] ?? 0) >>> 0
