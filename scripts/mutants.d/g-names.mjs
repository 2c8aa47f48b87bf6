// Table G: names of containers, and who tells them.
const names = 'test/integration/network/names.test.ts';

export default [
  {
    name: 'names-internal',
    row: 'moby PR 47538 (CVE-2024-29018)',
    out: 'the refusal to ask others for names on behalf of an internal network',
    edits: [['native/init/answer.cc', 'if (view.forward) return', 'if (view.used) return']],
    test: names,
    only: 'are asked of nobody where every network is internal',
  },
  {
    name: 'names-networks',
    row: 'G: what a container may see',
    out: 'the look at which networks are the view’s',
    edits: [
      [
        'native/init/answer.cc',
        'for (size_t i = 0; i < view.networkCount; ++i)\n    if (r.zone.find(view.networks[i], name',
        'for (uint16_t i = 0; i < kNetworks && view.used; ++i)\n    if (r.zone.find(i, name',
      ],
    ],
    test: names,
    only: 'what others have in networks that it is not in is unknown to it',
  },
  {
    name: 'names-user',
    row: 'G: the resolver',
    out: 'its user',
    edits: [['src/network/names/confinement.ts', 'args: { uid, gid: uid,', 'args: { uid: uid && 0, gid: 0,']],
    test: names,
    only: 'it is a process without privileges',
  },
  {
    name: 'names-capabilities',
    row: 'G: the resolver',
    out: 'the end of its capabilities',
    edits: [
      [
        'src/network/names/confinement.ts',
        "inside({ op: 'capBounding', args: { keep: 0n }",
        "inside({ op: 'capBounding', args: { keep: 1n }",
      ],
    ],
    test: names,
    only: 'it is a process without privileges',
  },
  {
    name: 'names-directory',
    row: 'G: the resolver',
    out: 'the mode of the directories of names',
    edits: [['src/network/names/resolver.ts', 'DIRECTORY_MODE = 0o2750', 'DIRECTORY_MODE = 0o2755']],
    test: names,
    only: 'it is a process without privileges',
  },
];
