// Stands for protobufjs/src/util/minimal.js in the bundle: of that the Reader needs this, where nobody reads a float.
// The rest takes a third of a millisecond of each start.
const LongBits = require('protobufjs/src/util/longbits.js')

// Long, which is not here, would have 64-bit fields as objects.
// The library is a module, in which nothing may be required: Buffer is there without.
module.exports = { Buffer: globalThis.Buffer, LongBits, merge: Object.assign, recursionLimit: 100 }
