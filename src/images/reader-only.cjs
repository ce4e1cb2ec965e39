// Stands for protobufjs/minimal.js in the bundle: this program reads and never writes, and without the
// writer and the service the command starts a millisecond sooner.
const Reader = require('protobufjs/src/reader.js')

// Its subclass for Buffers has methods for strings and bytes alone, which message.ts reads itself.
Reader._configure({ _configure: () => undefined })
module.exports = { Reader }
