// Table A: escapes known by their numbers.
const anyPath = [
  'native/init/root.cc',
  'fd = sys::openat2(root, path, flags, resolve);',
  `{
    while (*path == 47) ++path;
    fd = sys::openat2(root, *path == 0 ? "." : path, flags, resolve & ~uint64_t{RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS});
  }`,
];
const byString = [
  'native/init/steps_mount.cc',
  'const long moved = sys::moveMount(mount, at.get());',
  `const char* name = target;
  while (*name == 47) ++name;
  const long moved = sys::call(__NR_move_mount, mount, "", root, name, 0x14);`,
];
const mounts = 'test/security/mounts.test.ts';
const terminal = 'test/security/console.test.ts';
const procfs = 'test/security/procfs.test.ts';
const leaks = 'test/security/leaks.test.ts';
const selfExe = 'test/security/self-exe.test.ts';
const users = 'test/security/users.test.ts';
const swap = 'CVE-2021-30465';
const proc = 'CVE-2019-16884, 2019-19921, 2023-27561, 2023-28642';

const unsealed = [
  [
    'native/init/machine.cc',
    'fcntl(static_cast<int>(fd), F_ADD_SEALS, kSealWrite)',
    'fcntl(static_cast<int>(fd), F_GETFD + 0 * kSealWrite * F_ADD_SEALS)',
  ],
  [
    'native/init/machine.cc',
    'if (sealed == 0) return static_cast<int>(fd);',
    'if (sealed >= 0) return static_cast<int>(fd);',
  ],
];
const bothProcs = [
  [
    'native/init/steps_proc.cc',
    'if (const long r = verifyProc(lane.proc); r < 0)',
    'drop(lane.proc);\n  lane.proc = static_cast<int>(openInRoot(rootOf(lane), "/proc", O_PATH | O_DIRECTORY));\n  if (const long r = 0; r < 0)',
  ],
];
const ownByImage = [
  [
    'native/init/steps_proc.cc',
    'Result writeOwn(Container& lane, const char* file, const char* value, size_t size) {\n',
    'Result writeOwn(Container& lane, const char* file, const char* value, size_t size) {\n  drop(lane.proc);\n  lane.proc = static_cast<int>(openInRoot(rootOf(lane), "/proc", O_PATH | O_DIRECTORY));\n',
  ],
];
const clones = 'native/init/clone.cc';
const descriptorsOpen = [
  [clones, 'if (const long r = sys::closeRange(3, kNoSlot, CLOSE_RANGE_CLOEXEC); r < 0) return r;', ''],
  ['native/init/main.cc', 'sys::closeRange(3 + header.preserved, kNoSlot, CLOSE_RANGE_CLOEXEC);', ''],
  [
    'native/init/steps_exec.cc',
    'return check("close_range", sys::closeRange(3 + a.keep, kNoSlot, CLOSE_RANGE_CLOEXEC), "");',
    'return a.keep == 77 ? Result{EBADF} : kDone;',
  ],
];

export default [
  {
    name: 'unsealed-exec',
    row: 'CVE-2019-5736',
    out: 'the seals of the memfd that the helper runs from',
    edits: unsealed,
    test: selfExe,
    only: 'exec: the helper is caught',
  },
  {
    name: 'unsealed-init',
    row: 'CVE-2019-5736',
    out: 'the seals, with --init',
    edits: unsealed,
    test: selfExe,
    only: 'run --init: PID 1 cannot be written',
  },
  {
    name: 'plan-of-anyone',
    row: 'CVE-2019-5736',
    out: 'the helper refusing a command line that is no plan',
    edits: [
      [
        'native/init/main.cc',
        'if (fd < 3 || sys::fstat(fd, &st) < 0) refuse("no plan: tinyrun starts this program, people do not");',
        'if (fd < 3 || sys::fstat(fd, &st) < 0) sys::exit(0);',
      ],
    ],
    test: selfExe,
    only: 'an entrypoint that is the runtime itself does nothing',
  },
  {
    name: 'proc-link',
    row: proc,
    out: 'proc and sysfs mounted on plain directories only',
    edits: [
      [
        'native/init/steps_mount.cc',
        '.resolve = (a.flags & flag::mountFs::plainTarget) != 0 ? kPlain : kInRoot}',
        '.resolve = kInRoot}',
      ],
    ],
    test: procfs,
    only: 'a symlink in place of',
  },
  {
    name: 'proc-covered',
    row: proc,
    out: 'the refusal of mounts over /proc, by name',
    edits: [
      [
        'src/plan/compile/mount-sources.ts',
        'if (!onProc && !target.startsWith',
        "if (target !== '' || !target.startsWith",
      ],
    ],
    test: procfs,
    only: 'a mount over /proc is refused',
  },
  {
    name: 'proc-of-image',
    row: proc,
    out: 'sysctls written through a procfs of ours, verified',
    edits: [...bothProcs],
    test: procfs,
    only: 'writes below a /proc that is none miss it sysctl',
  },
  {
    name: 'root-unconfined',
    row: swap,
    out: 'openat2(RESOLVE_IN_ROOT)',
    edits: [anyPath],
    test: mounts,
    only: 'targets that are made, swapped all the time',
  },
  {
    name: 'mount-by-string-tinyrunc',
    row: swap,
    out: 'mounting on the fd that was resolved: the path is walked again',
    edits: [byString],
    test: mounts,
    only: 'a target that is there, swapped between look-up and use, tinyrunc',
  },
  {
    name: 'mount-by-string-run',
    row: swap,
    out: 'mounting on the fd that was resolved: the path is walked again',
    edits: [byString],
    test: mounts,
    only: 'a target that is there, swapped between look-up and use, run',
  },
  {
    name: 'inheritable',
    row: 'CVE-2022-29162',
    out: 'the empty inheritable set',
    edits: [
      [
        'src/plan/compile/process.ts',
        'const inheritable = mask(sets.inheritable);',
        'const inheritable = mask(sets.bounding);',
      ],
    ],
    test: leaks,
    only: 'inheritable capabilities are empty',
  },
  {
    name: 'host-cgroup',
    row: 'CVE-2023-25809',
    out: 'a branch of its own where there is no cgroup namespace',
    edits: [['src/plan/compile/mounts.ts', "if (c.has('cgroup') || ", "if (c.has('mount') || "]],
    test: leaks,
    only: 'a user namespace without a cgroup namespace, writable',
  },
  {
    name: 'cgroup-nested',
    row: 'CVE-2023-25809',
    out: 'the cgroup of systemd, below the one that is limited',
    edits: [['src/engine/plan.ts', '...(blueprint.nested ? { nested: true } : {}),', '']],
    test: leaks,
    only: 'systemd, which divides its cgroup, finds no limit of its own there',
  },
  {
    name: 'cgroup-missing',
    row: 'CVE-2023-25809',
    out: 'the look at whether the host has a cgroup2 to nest in',
    edits: [['src/engine/systemd.ts', ' && unifiedRoot !== undefined', '']],
    test: leaks,
    only: 'where the host has mounted no cgroup2 systemd is given none to write to',
  },
  {
    name: 'cgroup-writable',
    row: 'CVE-2023-25809',
    out: 'the read-only cgroup mount',
    edits: [
      [
        'src/spec/defaults.ts',
        "options: [...NO_EXEC, 'relatime', 'ro'],",
        "options: [...NO_EXEC, 'relatime'],",
      ],
      [
        'src/plan/compile/mounts.ts',
        'const set = options.set | MOUNT_ATTR_RDONLY;',
        'const set = options.set;',
      ],
    ],
    test: leaks,
    only: 'the cgroup tree cannot be written run',
  },
  ...['run -w', 'tinyrunc process.cwd', 'tinyrunc exec --cwd'].map((verb) => ({
    name: `cwd-${verb
      .split(' ')
      .at(-1)
      ?.replaceAll(/[^a-z]/g, '')}`,
    row: 'CVE-2024-21626',
    // what exec makes a process with has nothing open that it could meet
    out: `the walk to the directory without magic links, and getcwd after it${verb.includes('exec') ? ', and close_range' : ''}`,
    edits: [
      ...(verb.includes('exec') ? descriptorsOpen : []),
      [
        'native/init/steps_exec.cc',
        'const sys::Fd dir(openInRoot(rootOf(lane), a.path, O_PATH | O_DIRECTORY));',
        'const sys::Fd dir(sys::openat(AT_FDCWD, a.path, O_PATH | O_DIRECTORY));',
      ],
      [
        'native/init/steps_exec.cc',
        'const sys::Fd made(makeInRoot(rootOf(lane), a.path, {}));\n    if (made.bad())',
        'const sys::Fd made(makeInRoot(rootOf(lane), a.path, {}));\n    if (made.value() == -EPIPE)',
      ],
      ['native/init/steps_exec.cc', "return cwd[0] == '/' ? kDone", 'return cwd[0] != 0 ? kDone'],
    ],
    test: leaks,
    only: `cannot be the working directory, ${verb}`,
  })),
  {
    name: 'fds-open',
    row: 'CVE-2024-21626',
    out: 'close_range, before the helper and before the program',
    edits: descriptorsOpen,
    test: leaks,
    only: 'is not in the container',
  },
  {
    name: 'mkdir-unconfined',
    row: 'CVE-2024-45310',
    out: 'directories made by fd, below the root',
    edits: [anyPath],
    test: mounts,
    only: 'a mount target below a symlink to the host',
  },
  {
    name: 'null-of-image',
    row: 'CVE-2025-31133',
    out: 'a node that is there must be the device asked for',
    edits: [
      [
        'native/init/steps_dev.cc',
        'if (r == -EEXIST && isNode(dir.get(), name, a.type, dev)) return kDone;',
        'if (r == -EEXIST) return isNode(dir.get(), name, a.type, dev) ? kDone : kDone;',
      ],
    ],
    test: procfs,
    only: 'a mask is never made of what an image calls /dev/null',
  },
  {
    name: 'null-of-volume',
    row: 'CVE-2025-31133',
    out: 'the look at the device that masks are made of',
    edits: [
      ['native/init/steps_dev.cc', '!= sys::kCharDevice || st.st_rdev != device(1, 3))', '== sys::kFifo)'],
    ],
    test: procfs,
    only: 'nor of what a volume on /dev calls so',
  },
  {
    name: 'console-link',
    row: 'CVE-2025-52565',
    out: '/dev/console reached without symlinks',
    edits: [
      ['native/init/steps_dev.cc', '.mode = 0600, .resolve = kPlain};', '.mode = 0600, .resolve = kInRoot};'],
    ],
    test: terminal,
    only: 'is not bound through a symlink in its place',
  },
  {
    name: 'console-ptmx',
    row: 'CVE-2025-52565',
    out: 'the master is verified to be of a devpts',
    edits: [
      [
        'native/init/steps_dev.cc',
        'if (Result r = keepLineEnds(peer); !r) return r;',
        '(void)keepLineEnds(peer);',
      ],
      [
        'native/init/steps_dev.cc',
        'openInRoot(rootOf(lane), path, O_RDWR | O_NOCTTY, kPlain)',
        'openInRoot(rootOf(lane), path, O_RDWR | O_NOCTTY, kInRoot)',
      ],
      ['native/init/steps_dev.cc', '!= kDevptsMagic) return', '== kDevptsMagic + 1) return'],
      [
        'native/init/steps_dev.cc',
        'return check("ioctl TIOCSPTLCK", sys::ioctl(master.get(), TIOCSPTLCK, &locked), path);',
        'sys::ioctl(master.get(), TIOCSPTLCK, &locked);\n  return kDone;',
      ],
      [
        'native/init/steps_dev.cc',
        'if (peer.bad()) return failed("ioctl TIOCGPTPEER"',
        'if (peer.bad()) peer.reset(sys::fcntl(master.get(), F_DUPFD_CLOEXEC, 3));\n  if (peer.bad()) return failed("ioctl TIOCGPTPEER"',
      ],
      ['native/init/steps_dev.cc', 'return isPts ? kDone', 'return isPts || major != 0 ? kDone'],
      [
        'native/init/steps_dev.cc',
        'if ((a.flags & flag::console::notControlling) != 0) return kDone;\n  return check("ioctl TIOCSCTTY", sys::ioctl(0, TIOCSCTTY, 0L), "/dev/console");',
        'sys::ioctl(0, TIOCSCTTY, 0L);\n  return kDone;',
      ],
    ],
    test: terminal,
    only: 'comes of a devpts and of nothing else',
  },
  {
    name: 'console-by-name',
    row: 'CVE-2025-52565',
    out: 'the terminal by TIOCGPTPEER, and the look at its number',
    edits: [
      [
        'native/init/steps_dev.cc',
        'if (Result r = keepLineEnds(peer); !r) return r;',
        '(void)keepLineEnds(peer);',
      ],
      [
        'native/init/steps_dev.cc',
        'peer.reset(sys::ioctl(master.get(), TIOCGPTPEER, long{O_RDWR | O_NOCTTY | O_CLOEXEC}));',
        'peer.reset(master.bad() ? -EBADF : sys::openat(AT_FDCWD, "/dev/pts/0", O_RDWR | O_NOCTTY));',
      ],
      ['native/init/steps_dev.cc', 'return isPts ? kDone', 'return isPts || major < 4096 ? kDone'],
      [
        'native/init/steps_dev.cc',
        'if ((a.flags & flag::console::notControlling) != 0) return kDone;\n  return check("ioctl TIOCSCTTY", sys::ioctl(0, TIOCSCTTY, 0L), "/dev/console");',
        'sys::ioctl(0, TIOCSCTTY, 0L);\n  return kDone;',
      ],
    ],
    test: terminal,
    only: 'is a pty though pts/N is swapped',
  },
  {
    name: 'sysctl-parent',
    row: 'CVE-2025-52881',
    out: 'names of sysctls stay below their own directory',
    edits: [
      ['src/spec/sysctl.ts', "part === '.' || part === '..' || ", ''],
      [
        'native/init/steps_proc.cc',
        'if (hasParent(a.key)) return {EINVAL',
        'if (hasParent(a.key) && a.key.size == 0) return {EINVAL',
      ],
    ],
    test: procfs,
    only: 'sysctl out of its directory',
  },
  {
    name: 'label-of-image',
    row: 'CVE-2025-52881',
    out: 'labels written through a procfs of ours',
    edits: [...bothProcs, ...ownByImage],
    test: procfs,
    only: 'writes below a /proc that is none miss it a label',
  },
  {
    name: 'dev-link',
    row: 'CVE-2026-41579, crun 2026-47766',
    out: 'nodes and links below plain directories of the root',
    edits: [anyPath],
    test: mounts,
    only: '/dev is a symlink to the host',
  },
  {
    name: 'uid-bound',
    row: 'CVE-2024-40635, crun 2026-30892, 2026-46680',
    out: 'the bound of ids',
    edits: [['src/engine/config/user.ts', 'if (id <= MAX_ID) return id;', 'return id >>> 0;']],
    test: users,
    only: 'is refused',
  },
  {
    name: 'uid-of-file',
    row: 'CVE-2024-40635, crun 2026-30892, 2026-46680',
    out: 'the bound of ids in /etc/passwd',
    edits: [
      [
        'src/engine/config/user.ts',
        'return text !== undefined && /^\\d{1,10}$/.test(text) && Number(text) <= MAX_ID ? Number(text) : undefined;',
        'return Number(text) >>> 0;',
      ],
    ],
    test: users,
    only: 'is never root',
  },
  {
    name: 'uid-name',
    row: 'CVE-2024-40635, crun 2026-30892, 2026-46680',
    out: 'a number is never a name',
    edits: [
      [
        'src/engine/config/user.ts',
        '(id === undefined ? entry.name === text : entry.uid === id)',
        '(entry.name === text || entry.uid === id)',
      ],
    ],
    test: users,
    only: 'a name made of digits is never taken',
  },
  {
    name: 'passwd-unbounded',
    row: 'CVE-2026-47262, podman 2024-9676',
    out: 'regular files of a bounded size only',
    edits: [
      [
        'src/engine/layer-file.ts',
        'if ((mode & S_IFMT) !== S_IFREG || size > MAX_BYTES) return undefined;',
        '',
      ],
    ],
    test: users,
    only: 'passwd is',
  },
];
