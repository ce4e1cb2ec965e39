import { main } from './cli/main.js'

/** Arguments of the function that the build makes of all this; see launch.ts. */
declare const directory: string
declare const note: string | undefined

// No stack is ever printed, and collecting one costs more than the system call that failed.
Error.stackTraceLimit = 0

// Everything was written synchronously, so that exit(3) may come at once.
process.exit(main(process.argv.slice(2), process.env, directory, note))
