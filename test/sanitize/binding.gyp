# The shipped build with AddressSanitizer and UBSan, and nothing else of it changed. It is a file of its
# own, because node-gyp takes variables from the environment: no installation can turn this on.
{
  'includes': ['shipped.gypi'],
  'target_defaults': {
    'cflags': [
      '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g'
    ],
    'cflags_cc!': ['-D_FORTIFY_SOURCE=2'],
    'ldflags': ['-fsanitize=address,undefined'],
  }
}
