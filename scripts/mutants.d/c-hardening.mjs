// Table C: what is hardened when nobody asks for less, looked at from inside a container.
const hardening = 'test/security/hardening.test.ts';
const defaults = 'src/spec/defaults.ts';
const row = (name) => `C: ${name}`;

export default [
  {
    name: 'caps',
    row: row('capabilities'),
    out: 'one capability more',
    edits: [[defaults, "  'CAP_AUDIT_WRITE',\n", "  'CAP_AUDIT_WRITE',\n  'CAP_SYS_ADMIN',\n"]],
    test: hardening,
    only: 'the 14, bounding too',
  },
  {
    name: 'bounding',
    row: row('capabilities'),
    out: 'the cut of the bounding set',
    edits: [
      [
        'native/init/steps_process.cc',
        'if ((a.keep >> cap & 1) != 0) continue;',
        'if ((a.keep >> cap & 1) != 0 || cap < 64) continue;',
      ],
    ],
    test: hardening,
    only: 'another user keeps the bound alone',
  },
  {
    name: 'seccomp',
    row: row('seccomp'),
    out: 'the filter',
    edits: [
      ['src/plan/compile/credentials.ts', '  if (seccomp === undefined) return;\n', '  if (sets) return;\n'],
    ],
    test: hardening,
    only: 'seccomp by default',
  },
  {
    name: 'no-new-privs',
    row: row('seccomp'),
    out: 'no_new_privs',
    edits: [
      [
        'native/init/steps_process.cc',
        'return check("prctl", sys::prctl(PR_SET_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS");',
        'return kDone;',
      ],
    ],
    test: hardening,
    only: 'no_new_privs when asked for',
  },
  {
    name: 'masked',
    row: row('masked'),
    out: 'the masks',
    edits: [
      ['src/spec/defaults.ts', "  '/proc/keys',\n", ''],
      ['src/spec/defaults.ts', "  '/sys/firmware',\n", ''],
    ],
    test: hardening,
    only: 'masked ones are empty',
  },
  {
    name: 'readonly',
    row: row('read-only'),
    out: '/proc/sys read-only',
    edits: [[defaults, "  '/proc/sys',\n", '']],
    test: hardening,
    only: 'read-only ones refuse',
  },
  {
    name: 'readonly-shallow',
    row: row('read-only'),
    out: 'read-only for what is mounted there, too',
    edits: [
      [
        'native/init/steps_mount.cc',
        'if (Result r = setAttributes(tree.get(), MOUNT_ATTR_RDONLY, 0, true, a.path); !r) return r;\n  failpoint',
        'failpoint',
      ],
    ],
    test: hardening,
    only: 'every mount below a read-only one',
  },
  {
    name: 'nodes',
    row: row('devices'),
    out: 'no node but those of the specification',
    edits: [
      [defaults, "  node('/dev/tty', 5, 0),\n", "  node('/dev/tty', 5, 0),\n  node('/dev/mem', 1, 1),\n"],
    ],
    test: hardening,
    only: 'specification’s, and no other',
  },
  {
    name: 'device-program',
    row: row('devices'),
    out: 'the program of the cgroup',
    edits: [[defaults, 'devices: [DEVICE_DENY_ALL, ...DEVICE_ALLOWLIST]', 'devices: [DEVICE_ALLOW_ALL]']],
    test: hardening,
    only: 'a node for the memory of the host',
  },
  {
    name: 'cgroup-namespace',
    row: row('namespaces'),
    out: 'the cgroup namespace',
    edits: [
      [
        'src/plan/compile/namespaces.ts',
        "if (c.kinship('cgroup') === 'new')",
        "if (c.kinship('cgroup') === 'joined')",
      ],
    ],
    test: hardening,
    only: 'the cgroup of the container is its root',
  },
  {
    name: 'shm',
    row: row('limits'),
    out: 'the size of /dev/shm',
    edits: [
      [
        defaults,
        "options: [...NO_EXEC, 'mode=1777', `size=",
        "options: [...NO_EXEC, 'mode=1777', `nr_inodes=",
      ],
    ],
    test: hardening,
    only: '/dev/shm is 64 MiB',
  },
  {
    name: 'nofile',
    row: row('limits'),
    out: 'an explicit nofile',
    edits: [[defaults, 'soft: 1024, hard: 524288 }', 'soft: 2048, hard: 524288 }']],
    test: hardening,
    only: 'an explicit nofile',
  },
];
