import { main } from './cli/main.js'

// The bundle is CommonJS: __dirname is where it lies, whatever the working directory.
process.exitCode = main(process.argv.slice(2), process.env, __dirname)
