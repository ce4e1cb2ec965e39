// The options of an overlay as mountinfo and images have them.
import { slice, unescapeOctal, type Bytes } from './bytes.js'

/** Its upper directory, as it was called when that was mounted; undefined for one without. */
export const upperOf = (options: string): Bytes | undefined => {
  // A comma inside a name is escaped, so that each one ends an option.
  const option = options.split(',').find((one) => one.startsWith('upperdir='))
  return option === undefined
    ? undefined
    : unescapeOctal(slice(option as Bytes, 'upperdir='.length))
}
