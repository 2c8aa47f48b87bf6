// What was left of part C: terminals, hooks and filters, procfs in sight, files of ours.
export default [
  {
    name: 'addon-open',
    row: 'E: files of ours that others may write',
    out: 'the refusal of an addon that others could have written',
    edits: [['src/store/trust.ts', 'gid !== 0 && gid !== uid', 'gid < 0']],
    test: 'test/unit/native/loader.test.ts',
    project: 'unit',
    only: 'not its owner',
  },
  {
    name: 'typed-streams',
    row: 'C: terminals',
    out: 'streams of the container’s own',
    edits: [
      [
        'src/engine/streams.ts',
        'if (control.stdio || tty) return',
        'if (control.stdio || output > 0) return',
      ],
    ],
    test: 'test/security/typed.test.ts',
    only: 'run -i',
  },
  {
    name: 'typed-session',
    row: 'C: terminals',
    out: 'a session of its own',
    edits: [['native/init/steps_namespace.cc', 'check("setsid", sys::setsid(), "")', 'kDone']],
    test: 'test/security/typed.test.ts',
    only: 'hand the terminal over',
  },
  {
    name: 'notify-bound',
    row: 'C: seccomp',
    out: 'a thread without the filter that hands the listener over',
    edits: [
      [
        'native/init/steps_process.cc',
        'const long thread = sys::clone3Stack(&clone, carryListener, &messenger);',
        'const long thread = a.stage > 99 ? sys::clone3Stack(&clone, carryListener, &messenger) : -EAGAIN;',
      ],
    ],
    test: 'test/integration/conformance/seccomp.test.ts',
    only: 'waits for nobody who is not there yet',
  },
  {
    name: 'newer-calls',
    row: 'C: seccomp',
    out: 'ENOSYS for calls newer than the profile',
    edits: [['native/addon/enosys.cc', 'if (last == 0) continue;', 'if (last < 0x10000) continue;']],
    test: 'test/unit/spec/seccomp-filter.test.ts',
    project: 'unit',
    only: 'answers ENOSYS',
  },
  {
    name: 'hook-filter',
    row: 'C: seccomp',
    out: 'the filter around startContainer hooks',
    edits: [
      [
        'native/init/steps_process.cc',
        'if (!lane.confined) return kDone;',
        'if (!lane.confined || lane.confinement.flags < 1000) return kDone;',
      ],
    ],
    test: 'test/integration/tinyrunc/hooks.test.ts',
    only: 'run under the filter of its program',
  },
  {
    name: 'no-pivot',
    row: 'C: masked',
    out: 'with --no-pivot, the end of what is seen of the host’s procfs and sysfs',
    edits: [
      [
        'native/init/steps_rootfs.cc',
        'if (Result r = hideKernelFilesystems(lane, path); !r) return r;',
        'if (path[0] == 0)\n    if (Result r = hideKernelFilesystems(lane, path); !r) return r;',
      ],
    ],
    test: 'test/integration/tinyrunc/flags.test.ts',
    only: 'leaves no whole',
  },
];
