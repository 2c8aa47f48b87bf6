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
    name: 'emerges-unfiltered',
    row: 'E: a helper with all capabilities in reach',
    out: 'the filter before the fork',
    edits: [
      [
        'src/plan/compile/program.ts',
        'const early = seccomp !== undefined && permitsFork',
        'const early = seccomp === null && permitsFork',
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
];
