{
  'variables': {
    # Set by scripts/test-sanitizers: ASan and UBSan need the frame pointers and none of the hardening below.
    'sanitize%': 0,
    # The architecture's library directory, for cross builds (scripts/prebuild).
    'seccomp_lib%': '',
    'seccomp_include%': '',
  },
  'target_defaults': {
    'cflags!': ['-O3', '-fno-omit-frame-pointer'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions'],
    'cflags_cc': ['-std=c++20', '-Wno-missing-field-initializers', '-Wunused-parameter'],
    'cflags': [
      '-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden',
      '-ffunction-sections', '-fdata-sections',
    ],
    'ldflags!': ['-rdynamic'],
    'conditions': [
      ['sanitize==1', {
        'cflags': ['-fsanitize=address,undefined', '-fno-omit-frame-pointer', '-fno-sanitize-recover=undefined', '-g'],
        'ldflags': ['-fsanitize=address,undefined'],
      }, {
        'cflags': ['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
        'ldflags': ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,--as-needed', '-s'],
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'tinyrun',
      'sources': [
        'native/addon/addon.cc',
        'native/addon/bpf.cc',
        'native/addon/cgroup.cc',
        'native/addon/errors.cc',
        'native/addon/facts.cc',
        'native/addon/fs.cc',
        'native/addon/mount.cc',
        'native/addon/netlink.cc',
        'native/addon/open.cc',
        'native/addon/process.cc',
        'native/addon/rtnetlink.cc',
        'native/addon/seccomp.cc',
        'native/addon/socket.cc',
        'native/addon/tty.cc',
        'native/addon/xattr.cc',
      ],
      'include_dirs': ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NODE_ADDON_API_CPP_EXCEPTIONS', 'NAPI_VERSION=8'],
      # Static and hidden: a process may have another libseccomp loaded.
      'libraries': ['-l:libseccomp.a', '-Wl,--exclude-libs,ALL'],
      'conditions': [
        ['seccomp_lib!=""', {
          'ldflags': ['-L<(seccomp_lib)'],
          'include_dirs': ['<(seccomp_include)'],
        }],
      ],
    },
  ],
}
