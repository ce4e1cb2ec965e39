// A tarball of the clone itself would have no addon, and npm would call node-gyp wherever it is installed.
console.error('criu-gc: not packed: "npm run package" makes the tarball, in the folder packages/')
process.exitCode = 1
