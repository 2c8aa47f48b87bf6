import { FLAGS, type StepArgs } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import { type Calls, CLONE, calls, fd, flags, list, OPEN, quote } from './format.ts';

/** What both lanes say to each other goes over one socket, in packets. */
const send = (what: string): string => `sendmsg(control, ${what})`;
const receive = (what: string): string => `recvmsg(control, ${what})`;

export const HANDSHAKE: Calls<
  | 'clone'
  | 'idMaps'
  | 'signalConfigured'
  | 'awaitConfigured'
  | 'awaitSync'
  | 'sync'
  | 'signalSync'
  | 'yield'
  | 'ready'
  | 'awaitReady'
  | 'awaitExec'
  | 'awaitStart'
  | 'signalStart'
  | 'fork'
  | 'open'
  | 'pidfdOpen'
  | 'openTree'
  | 'openBelow'
  | 'makeUserns'
  | 'closeSlot'
> = {
  clone: ({ flags: wanted, cgroup }) => {
    const into = cgroup === NO_SLOT ? '' : '|CLONE_INTO_CGROUP';
    const where = cgroup === NO_SLOT ? '' : `, cgroup=${fd(cgroup)}`;
    const names = wanted === 0n ? '' : `${flags(wanted, CLONE)}|`;
    return calls(
      `clone3({flags=${names}CLONE_PIDFD|CLONE_VFORK${into}${where}})`,
      'dup3(its streams, 0 … 2)',
      'execveat(tinyrun-init)',
    );
  },
  idMaps: ({ uidMap, gidMap, denySetgroups }) =>
    calls(
      denySetgroups !== 0 && 'write("/proc/PID/setgroups", "deny")',
      `write("/proc/PID/gid_map", ${quote(gidMap.trim())})`,
      `write("/proc/PID/uid_map", ${quote(uidMap.trim())})`,
    ),
  signalConfigured: () => send('configured'),
  awaitConfigured: () => receive('configured'),
  awaitSync: ({ stage }) => receive(`sync ${stage}`),
  sync: ({ stage }) => calls(send(`sync ${stage}`), receive(`synced ${stage}`)),
  signalSync: ({ stage }) => send(`synced ${stage}`),
  yield: ({ tag }) => `yield ${tag} to Node`,
  ready: () => send('ready'),
  awaitReady: () => receive('ready'),
  awaitExec: () => receive('end of file'),
  awaitStart: ({ fifo }) => calls(`ppoll(${fd(fifo)}, POLLIN)`, `read(${fd(fifo)}, 1)`),
  signalStart: ({ path }) => calls(`open(${quote(path)}, O_WRONLY|O_NONBLOCK)`, 'write("0")'),
  fork: ({ flags: wanted }) => {
    const names = wanted === 0n ? '' : `|${flags(wanted, CLONE)}`;
    return `clone3({flags=CLONE_PARENT|CLONE_PIDFD${names}})`;
  },
  open: ({ path, flags: mode, slot }) =>
    `${fd(slot)} = open(${quote(path)}, ${flags(mode, OPEN, 'O_RDONLY')}|O_CLOEXEC)`,
  pidfdOpen: ({ pid, slot }) => `${fd(slot)} = pidfd_open(${pid}, 0)`,
  openTree: (args) => cloned(`AT_FDCWD, ${quote(args.path)}, OPEN_TREE_CLONE`, args),
  openBelow: ({ root, path, ...args }) =>
    calls(
      `open(${quote(root)}, O_PATH|O_DIRECTORY|O_NOFOLLOW)`,
      `openat2(it, ${quote(path)}, {flags=O_PATH, resolve=RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS})`,
      cloned('it, "", OPEN_TREE_CLONE|AT_EMPTY_PATH', args),
    ),
  makeUserns: ({ uidMap, gidMap, slot }) =>
    `${fd(slot)} = clone3({flags=CLONE_NEWUSER}) with ${list([uidMap.trim(), gidMap.trim()])}`,
  closeSlot: ({ slot }) => `close(${fd(slot)})`,
};

/** What becomes a detached mount, with its ids mapped where they are to be. */
function cloned(
  what: string,
  { recursive, userns, slot }: Pick<StepArgs['openTree'], 'recursive' | 'userns' | 'slot'>,
) {
  const [all, below] = [FLAGS.openTree.recursive, FLAGS.openTree.mapsBelow].map((flag) =>
    (recursive & flag) !== 0 ? '|AT_RECURSIVE' : '',
  );
  return calls(
    `${fd(slot)} = open_tree(${what}${all})`,
    userns !== NO_SLOT &&
      `mount_setattr(${fd(slot)}, "", AT_EMPTY_PATH${below}, {attr_set=MOUNT_ATTR_IDMAP, userns_fd=${fd(userns)}})`,
  );
}
