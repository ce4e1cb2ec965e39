// Turns a decoder that throws into the answer that framing wants: this is an entry, or stop here.
import type { OnEntry } from '../images/framing.js'
import { GcError } from '../errors.js'

type Decode<T> = (data: Buffer, start: number, end: number) => T

/** Each entry that `pick` gives a decoder for is decoded and handed to `take`. */
export const whenDecodes =
  <T>(
    pick: (data: Buffer, start: number, end: number) => Decode<T> | undefined,
    take: (value: T) => void,
    data: Buffer,
  ): OnEntry =>
  (start, end) => {
    const decode = pick(data, start, end)
    if (decode === undefined) return true
    let value: T
    try {
      value = decode(data, start, end)
    } catch (error) {
      // A limit is a refusal, not a cut.
      if (error instanceof GcError) throw error
      return false
    }
    take(value)
    return true
  }

/** Collects into `list`, and refuses as soon as there are too many: not after all are in memory. */
export const bounded =
  <T>(list: T[], limit: number, what: string, next?: string) =>
  (item: T): void => {
    if (list.length === limit)
      throw new GcError(
        'bad-images',
        `more than ${limit} ${what}`,
        next === undefined ? {} : { next },
      )
    list.push(item)
  }
