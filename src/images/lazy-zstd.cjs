// In the bundle it stands for fzstd, which makes tables when it is loaded: most runs read no archive.
Object.defineProperty(exports, 'Decompress', {
  enumerable: true,
  get: () => require('../../node_modules/fzstd/lib/index.js').Decompress,
})
