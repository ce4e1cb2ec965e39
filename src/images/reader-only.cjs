// Stands for protobufjs/minimal.js in the bundle: this program reads and never writes, and without the
// writer and the service the command starts a millisecond sooner. The order is that of minimal.js.
const Reader = require('protobufjs/src/reader.js')
const BufferReader = require('protobufjs/src/reader_buffer.js')
const util = require('protobufjs/src/util/minimal.js')

util.LongBits._configure(util.Long)
Reader._configure(BufferReader)
module.exports = { Reader }
