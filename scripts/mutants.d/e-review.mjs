// Table E: found in review, each of its kind.
export default [
  {
    name: 'place',
    row: 'E: a check on the text of a path',
    out: 'the look at what a mount target leads to',
    edits: [
      [
        'native/init/steps_mount.cc',
        'if (sameFile(rootOf(lane), st)) return leadsTo(lane, target, "/");',
        'if (at >= 0) return kDone;\n  if (sameFile(rootOf(lane), st)) return leadsTo(lane, target, "/");',
      ],
    ],
    test: 'test/security/procfs.test.ts',
    only: 'a link of the image makes no other place of a target',
  },
  {
    name: 'heat',
    row: 'E: masked paths',
    out: 'the masks over thermal_throttle',
    edits: [['src/engine/spec.ts', '...(host.thermalThrottle ?? [])', '']],
    test: 'test/unit/engine/spec.test.ts',
    project: 'unit',
    only: 'the heat of each processor',
  },
  {
    name: 'emerges-first',
    row: 'E: a helper with all capabilities in reach',
    out: 'the fork into the pid namespace after capabilities, filter and files are cut',
    edits: [
      [
        'src/plan/verbs/exec.ts',
        'forks(kinds) && (kinds & CLONE_NEWUSER) === 0',
        'forks(kinds) && kinds < 0',
      ],
    ],
    test: 'test/security/emerge.test.ts',
    only: 'what is caught has the capabilities',
  },
  {
    name: 'emerges-first-engine',
    row: 'E: a helper with all capabilities in reach',
    out: 'the same, for `tinyrun exec`',
    edits: [
      [
        'src/plan/verbs/exec.ts',
        'forks(kinds) && (kinds & CLONE_NEWUSER) === 0',
        'forks(kinds) && kinds < 0',
      ],
    ],
    test: 'test/security/exec.test.ts',
    only: 'can take hold of',
  },
  {
    name: 'exec-streams',
    row: 'E: the caller’s descriptors in the container',
    out: 'the same, for `tinyrun exec`',
    edits: [['src/engine/exec/exec.ts', 'watch, streams })', 'watch, ...(plan ? {} : { streams }) })']],
    test: 'test/security/exec.test.ts',
    only: 'neither read nor',
  },
  {
    name: 'exec-accounts',
    row: 'E: reading what a container has written',
    out: 'its root as the root of every link',
    edits: [
      [
        'src/store/inside.ts',
        'const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;',
        'const resolve = RESOLVE_IN_ROOT & RESOLVE_NO_MAGICLINKS;',
      ],
    ],
    test: 'test/security/exec.test.ts',
    only: 'names are looked up in the container',
  },
  {
    name: 'exec-null',
    row: 'E: reading what a container has written',
    out: 'the look at whether its null device is one',
    edits: [
      [
        'native/init/steps_dev.cc',
        '(st.st_mode & sys::kTypeMask) != sys::kCharDevice || st.st_rdev != device(1, 3))\n    return {ENODEV',
        'st.st_rdev == device(1, 3) + 1)\n    return {ENODEV',
      ],
    ],
    test: 'test/security/exec.test.ts',
    only: 'the null device of the container',
  },
  {
    name: 'exec-null-swap',
    row: 'E: reading what a container has written',
    out: 'the look at whether the null device that was opened is the one that was looked at',
    edits: [
      [
        'native/init/steps_dev.cc',
        'if (null.st_dev != opened.st_dev || null.st_ino != opened.st_ino)',
        'if (null.st_dev != opened.st_dev)',
      ],
    ],
    test: 'test/security/exec.test.ts',
    only: 'the null device is exchanged',
  },
  {
    name: 'copy-root',
    row: 'E: cp through what a container made (CVE-2018-15664)',
    out: 'its root as the root of every path',
    edits: [
      [
        'src/engine/files/place.ts',
        'native().openat2(root, path, { flags: O_PATH | O_DIRECTORY, resolve })',
        "native().openat2(root, path.replace(/^\\/+/, '') || '.', { flags: (O_PATH | O_DIRECTORY) + 0 * resolve })",
      ],
    ],
    test: 'test/security/copy.test.ts',
    only: 'into a container: no link leads',
  },
  {
    name: 'copy-out-root',
    row: 'E: cp through what a container made (CVE-2018-15664)',
    out: 'the same, out of it',
    edits: [
      [
        'src/engine/files/place.ts',
        'native().openat2(root, path, { flags: O_PATH | O_DIRECTORY, resolve })',
        "native().openat2(root, path.replace(/^\\/+/, '') || '.', { flags: (O_PATH | O_DIRECTORY) + 0 * resolve })",
      ],
    ],
    test: 'test/security/copy.test.ts',
    only: 'out of a container: no link leads',
  },
  {
    name: 'copy-swap',
    row: 'E: cp through what a container made (CVE-2018-15664)',
    out: 'no link where a directory is entered that was looked at',
    edits: [
      [
        'src/engine/files/place.ts',
        "base === '' ? '.' : base, { flags: O_DIRECTORY | O_NOFOLLOW }",
        "base === '' ? '.' : base, { flags: O_DIRECTORY | (O_NOFOLLOW & 0) }",
      ],
    ],
    test: 'test/security/copy.test.ts',
    only: 'becomes a link while',
  },
  {
    name: 'copy-devices',
    row: 'E: what a container’s root made, on the host',
    out: 'devices and set-user-id bits stay behind',
    edits: [
      [
        'src/engine/files/copy.ts',
        "if (entry.type === 'char' || entry.type === 'block') return undefined;",
        '',
      ],
      ['src/engine/files/copy.ts', 'const SET_ID = 0o6000;', 'const SET_ID = 0;'],
    ],
    test: 'test/security/copy.test.ts',
    only: 'what comes out is no device',
  },
  {
    name: 'copy-trap',
    row: 'E: cp through what a container made (CVE-2018-15664)',
    out: 'files are made anew, none is opened',
    edits: [
      [
        'src/image/unpack/file.ts',
        'native().createFile(dir, base, entry.mode & 0o777)',
        'native().openat2(dir, base, { flags: 0x241, mode: entry.mode & 0o777 })',
      ],
    ],
    test: 'test/security/copy.test.ts',
    only: 'is not written through',
  },
  {
    name: 'emerges-unfiltered',
    row: 'E: a helper with all capabilities in reach',
    out: 'the filter before the fork',
    edits: [
      [
        'src/plan/compile/program.ts',
        'seccomp !== undefined && permitsFork',
        'seccomp === null && permitsFork',
      ],
    ],
    test: 'test/security/emerge.test.ts',
    only: 'a filter as Docker',
  },
  {
    name: 'emerges-with-proc',
    row: 'E: a helper with all capabilities in reach',
    out: 'the close of what leads to the procfs of the host',
    edits: [
      [
        'native/init/steps_exec.cc',
        '  drop(lane.proc);\n  forgetRoot(lane);\n',
        '  if (lane.trace) drop(lane.proc);\n',
      ],
    ],
    test: 'test/security/emerge.test.ts',
    only: 'what is caught has the capabilities',
  },
  {
    name: 'debugger',
    row: 'E: a debugger opens to whoever can signal',
    out: 'a handler for SIGUSR1, and the launchers’ --inspect-port',
    edits: [
      ['src/boot/debugger.ts', "process.on('SIGUSR1', ignored);", 'void ignored;'],
      ...['tinyrun', 'tinyrunc'].map((name) => [
        `bin/${name}`,
        '\nexec "$node" --inspect-port=no..debugger:9229 ',
        '\nexec "$node" ',
      ]),
    ],
    test: 'test/security/debugger.test.ts',
    only: 'pull from a registry that says nothing',
  },
  {
    name: 'streams',
    row: 'E: the caller’s descriptors in the container',
    out: 'pipes of the container’s own',
    edits: [
      [
        'src/engine/streams.ts',
        'if (control.stdio || tty) return',
        'if (control.stdio || output > 0) return',
      ],
    ],
    test: 'test/security/streams.test.ts',
    only: 'what /proc/self/fd names is never of the host',
  },
  {
    name: 'irregular',
    row: 'E: reading through what an archive made',
    out: 'regular files only',
    edits: [
      [
        'src/store/inside.ts',
        "if ((mode & S_IFMT) !== S_IFREG) throw bad(path, 'it is no regular file');",
        '',
      ],
    ],
    test: 'test/security/files.test.ts',
    only: 'only regular files are opened below a root',
  },
  {
    name: 'temporary-names',
    row: 'E: names that can be guessed',
    out: 'random names, new files only',
    edits: [
      ['src/store/temporary.ts', "randomBytes(12).toString('hex')", "randomBytes(0).toString('hex')"],
      ['src/store/temporary.ts', "openSync(path, 'wx', mode)", "openSync(path, 'w', mode)"],
    ],
    test: 'test/security/files.test.ts',
    only: 'save -o: new, by a name that nobody guesses',
  },
  {
    name: 'umask',
    row: 'E: files of ours that others may write',
    out: 'a cache that others could have written is thrown away',
    edits: [
      ['src/store/trust.ts', ' && (mode & WRITABLE_BY_OTHERS) === 0', ' && mode !== WRITABLE_BY_OTHERS'],
    ],
    test: 'test/security/files.test.ts',
    only: 'the start-up snapshot is ours',
  },
  {
    name: 'terminal',
    row: 'E: bytes of an image on a terminal',
    out: 'the filter',
    edits: [
      [
        'src/store/text.ts',
        'return text.replace(CONTROLS, (sign) => {',
        'return text.replace(CONTROLS, (sign) => {\n    if (sign) return sign;',
      ],
    ],
    test: 'test/security/terminal-escapes.test.ts',
  },
  {
    name: 'endless-list',
    row: 'E: an endless peer',
    out: 'the refusal of a list without end',
    edits: [
      [
        'src/image/registry/repository.ts',
        'asked.has(String(target)))\n        throw',
        'asked.has(String(target)))\n        return [...tags];\n      if (tags.size > 10 * MAX_TAGS) throw',
      ],
    ],
    test: 'test/unit/image/peer.test.ts',
    project: 'unit',
  },
  {
    name: 'walk',
    row: 'E: a walk that keeps what it opened',
    out: 'the close of what a path has passed through',
    edits: [['src/engine/layer-file.ts', 'if (this.#dirs !== this.roots) closeAll(this.#dirs);', '']],
    test: 'test/security/files.test.ts',
    only: 'a walk through links in a hundred layers',
  },
  {
    name: 'inherited',
    row: 'E: inherited names',
    out: 'tables without a prototype',
    edits: [
      ['src/store/dict.ts', 'Object.assign(Object.create(null), members)', 'Object.assign({}, members)'],
    ],
    test: 'test/unit/inherited-names.test.ts',
    project: 'unit',
    only: 'is in no table',
  },
  {
    name: 'hard-link',
    row: 'E: reading through what an archive made',
    out: 'no hard link to a link',
    edits: [['src/image/load.ts', 'linkOnlyFiles: true', 'linkOnlyFiles: false']],
    test: 'test/security/files.test.ts',
    only: 'a hard link to a symbolic link to',
  },
  {
    name: 'set-uid',
    row: 'E: a set-uid program outlives its parent',
    out: 'the end of all that is in the cgroup, before it is removed',
    edits: [['src/plan/compile/cgroup.ts', "  { op: 'cgroupKill', args: { path } },\n", '']],
    test: 'test/security/set-uid.test.ts',
  },
  {
    name: 'monitor-dumpable',
    row: 'E: a monitor that a container sees',
    out: 'that nobody may trace it',
    edits: [['native/init/monitor.cc', '  sys::prctl(PR_SET_DUMPABLE, 0);\n', '']],
    test: 'test/security/monitor.test.ts',
  },
  {
    name: 'netlink-kernel',
    row: 'E: answers of netlink that others send',
    out: 'the look at who an answer is from',
    edits: [['native/init/netlink.cc', 'if (from.nl_pid != 0) continue;', '']],
    test: 'native/test/links_test.cc',
    project: 'native',
    only: 'onlyTheKernelAnswersARequest',
  },
  {
    name: 'scope-undo',
    row: 'E: a scope whose creator was killed',
    out: 'its place in the undo list, and systemd being asked to end it',
    edits: [
      [
        'src/plan/compile/cgroup.ts',
        'return { slot: NO_SLOT, path, settle, undo: removeCgroup(path), ...late };',
        'return { slot: NO_SLOT, path, settle, ...late };',
      ],
      ['src/tinyrunc/delete.ts', 'await endScope(dir);', ''],
    ],
    test: 'test/vm/systemd.test.ts',
    project: 'vm',
  },
];
