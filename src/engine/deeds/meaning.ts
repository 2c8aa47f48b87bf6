import type { Roots } from '../../store/paths.ts';

// A file's place says what it is: the reason of whoever writes there. What is none of ours has no meaning here.

type Meaning = readonly [place: RegExp, why: string];

const ID = '[0-9a-f]{64}';

/** Below the data root. */
const DATA: readonly Meaning[] = [
  [/^$/, 'all that outlives a reboot'],
  [/^containers$/, 'what containers keep'],
  [new RegExp(`^containers/${ID}$`), 'what it keeps'],
  [/^containers\/\w+\/container\.json$/, 'its record: what it was asked to be, and what came of it'],
  [/^containers\/\w+\/exit\.json$/, 'how it ended'],
  [/^containers\/\w+\/sent\.log$/, 'who sent which signal, for tinyrun why'],
  [/^containers\/\w+\/event$/, 'what its monitor tells of it in events'],
  [/^containers\/\w+\/restart$/, 'whether its monitor is to start it again'],
  [/^containers\/\w+\/look$/, 'whoever waits to start it again looks at once'],
  [/^containers\/\w+\/health\.json$/, 'how its health checks went'],
  [/^containers\/\w+\/json\.log/, 'what it wrote'],
  [/^containers\/\w+\/upper$/, 'what it will write'],
  [/^containers\/\w+\/upper\//, 'among what it has written'],
  [/^containers\/\w+\/work$/, 'overlayfs wants it beside that'],
  [/^containers\/\w+\/(?:hosts|hostname|resolv\.conf)$/, 'bound into its /etc'],
  [/^names$/, 'the names of containers'],
  [/^names\//, 'a name, which one container has'],
  [/^networks$/, 'the networks'],
  [/^networks\/names$/, 'the names of networks'],
  [/^networks\/names\//, 'a name, which one network has'],
  [/^networks\/\w+\/network\.json$/, 'what the network was asked to be'],
  [/^networks\/\.tmp-/, 'a network that is being made, or goes'],
  [/^networks\/\w+$/, 'the network'],
  [/^volumes$/, 'the volumes'],
  [/^volumes\/[^/]+\/_data/, 'the files of the volume'],
  [/^volumes\/[^/]+\/volume\.json$/, 'what the volume was asked to be'],
  [/^volumes\/\.tmp-/, 'a volume that is being made, or goes'],
  [/^volumes\/[^/]+$/, 'the volume'],
  [/^rootfs$/, 'where each container sees its root: empty'],
  [/^images\/(?:.*\/)?blobs(?:\/|$)/, 'a blob of an image'],
  [/^images\/(?:.*\/)?index\.json$/, 'which images there are'],
  [/^images\b/, 'the images'],
  [/^layers\b/, 'the files of a layer'],
];

/** Below the run root. */
const RUN: readonly Meaning[] = [
  [/^$/, 'all that a reboot ends'],
  [/^events\.log$/, 'what happens to it, for who follows the events'],
  [/^events\.log/, 'events of before'],
  [/^containers$/, 'containers that run'],
  [new RegExp(`^containers/${ID}$`), 'what is true of it until its end'],
  [/^containers\/\w+\/lock$/, 'held by its parent: free, it is to be swept'],
  [/^containers\/\w+\/config\.json$/, 'the specification of its plan'],
  [/^containers\/\w+\/state\.json$/, 'its process'],
  [/^containers\/\w+\/exit\.json$/, 'how it ended'],
  [/^containers\/\w+\/journal/, 'what takes its plan back'],
];

/** What a file is for; '' where its place does not say. */
export function meaningOf(roots: Roots, path: string): string {
  const within = (root: string) =>
    path === root ? '' : path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
  for (const [root, meanings] of [
    [roots.runRoot, RUN],
    [roots.dataRoot, DATA],
  ] as const) {
    const rest = within(root);
    const found = rest === undefined ? undefined : meanings.find(([place]) => place.test(rest));
    if (found) return found[1];
  }
  if (path.startsWith('/sys/fs/cgroup/')) return 'its cgroup';
  return '';
}
