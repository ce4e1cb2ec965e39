// Stands for the module `long` in the bundle: protobufjs then reads 64-bit fields as numbers, exact up
// to 2^53, and the command starts without instantiating WebAssembly.
module.exports = null
