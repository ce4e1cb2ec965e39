// Stands for protobufjs/src/util/minimal.js in the bundle: of that the Reader needs this, where nobody reads a float.
// The rest takes a third of a millisecond of each start.
const { Buffer } = require('node:buffer')
const LongBits = require('protobufjs/src/util/longbits.js')

// Long, which is not here, would have 64-bit fields as objects.
module.exports = { Buffer, LongBits, merge: Object.assign, recursionLimit: 100 }
