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
];
