import { main } from './cli/main.js'

// No stack is ever printed, and collecting one costs more than the system call that failed.
Error.stackTraceLimit = 0

// The bundle is CommonJS: __dirname is where it lies, whatever the working directory. Everything was
// written synchronously, so that exit(3) may come at once.
process.exit(main(process.argv.slice(2), process.env, __dirname))
