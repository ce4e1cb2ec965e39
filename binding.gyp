{
  'targets': [
    {
      'target_name': 'syscalls',
      'sources': ['native/addon.cc'],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', '_FILE_OFFSET_BITS=64'],
      'cflags_cc!': ['-fno-rtti'],
      'cflags_cc': [
        '-std=c++17', '-Wall', '-Wextra', '-Werror', '-Wno-cast-function-type',
        '-fvisibility=hidden', '-fstack-protector-strong',
        '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'
      ],
      'ldflags': ['-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack'],
    }
  ]
}
