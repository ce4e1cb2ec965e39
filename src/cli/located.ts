import type { Given } from './getopt.js'

/** An option with the file and line that it is from; those of the command line have none. */
export interface Located extends Given {
  readonly where?: string
}
