{
  'variables': {
    # Set by scripts/test-sanitizers: ASan and UBSan need the frame pointers and none of the hardening below.
    'sanitize%': 0,
    # The architecture's library directory, for cross builds (scripts/prebuild).
    'target_lib%': '',
    'target_include%': '',
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
        # The instrumented code takes the compiler twice as long at -O2.
        'cflags': [
          '-O1', '-g1', '-fsanitize=address,undefined', '-fno-omit-frame-pointer', '-fno-sanitize-recover=undefined',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      }, {
        'cflags': ['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
        'ldflags': ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,--as-needed', '-s'],
      }],
    ],
  },
  'targets': [
    {
      # The executable that runs in containers: freestanding, so it is linked by a script of its own and takes none
      # of node's flags. Made again when any of its files changes.
      'target_name': 'tinyrun-init',
      'type': 'none',
      'actions': [
        {
          'action_name': 'tinyrun-init',
          'inputs': [
            'scripts/build-init.sh', 'native/steps.def', 'native/monitor.def', 'native/init/sources.txt',
            '<!@(find native/init -maxdepth 1 -name "*.cc" -o -maxdepth 1 -name "*.h" -o -maxdepth 1 -name "*.S")',
          ],
          'outputs': ['<(PRODUCT_DIR)/tinyrun-init'],
          'action': ['scripts/build-init.sh', '--arch', '<(target_arch)', '-o', '<(PRODUCT_DIR)/tinyrun-init'],
        },
      ],
    },
    {
      # The plan interpreter of the host lane: what native/init shares with the addon.
      'target_name': 'host-lane',
      'type': 'static_library',
      'sources': ["<!@(sed -nE 's,^shared ,native/init/,p' native/init/sources.txt)"],
      'cflags_cc': ['-fno-exceptions', '-fno-rtti'],
    },
    {
      'target_name': 'tinyrun',
      'dependencies': ['tinyrun-init', 'host-lane'],
      'actions': [
        {
          # .incbin leaves no trace among the dependencies: the copy is what becomes stale with the executable.
          'action_name': 'init_image',
          'inputs': ['native/addon/init_image.S', '<(PRODUCT_DIR)/tinyrun-init'],
          'outputs': ['<(INTERMEDIATE_DIR)/init_image.S'],
          'process_outputs_as_sources': 1,
          'action': ['cp', 'native/addon/init_image.S', '<(INTERMEDIATE_DIR)/init_image.S'],
        },
      ],
      'sources': [
        'native/addon/addon.cc',
        'native/addon/bpf.cc',
        'native/addon/cgroup.cc',
        'native/addon/clone.cc',
        'native/addon/enosys.cc',
        'native/addon/errors.cc',
        'native/addon/facts.cc',
        'native/addon/filter.cc',
        'native/addon/fs.cc',
        'native/addon/image.cc',
        'native/addon/layer_files.cc',
        'native/addon/log_text.cc',
        'native/addon/machine.cc',
        'native/addon/monitor.cc',
        'native/addon/mount.cc',
        'native/addon/netlink.cc',
        'native/addon/open.cc',
        'native/addon/process.cc',
        'native/addon/rtnetlink.cc',
        'native/addon/seccomp.cc',
        'native/addon/socket.cc',
        'native/addon/streams.cc',
        'native/addon/tty.cc',
        'native/addon/xattr.cc',
        'native/addon/zstd.cc',
      ],
      'include_dirs': ["<!@(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NODE_ADDON_API_CPP_EXCEPTIONS', 'NAPI_VERSION=8'],
      # Where the assembler finds what it includes.
      'cflags': ['-Wa,-I<(PRODUCT_DIR)'],
      # Static and hidden: a process may have another libseccomp or libzstd loaded (node has its own zstd from 22.15 on).
      'libraries': ['-l:libseccomp.a', '-l:libzstd.a', '-Wl,--exclude-libs,ALL'],
      'conditions': [
        ['target_lib!=""', {
          'ldflags': ['-L<(target_lib)'],
          'include_dirs': ['<(target_include)'],
        }],
      ],
    },
  ],
}
