import { describe } from '../netlink/describe.ts';
import type { StepArgs } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import { CLONE, calls, fd, flags, list, MOUNT_ATTR, OPEN, octal, quote } from './format.ts';

export type Calls<N extends keyof StepArgs> = { readonly [K in N]: (args: StepArgs[K]) => string };

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
  openTree: ({ path, recursive, userns, slot }) =>
    calls(
      `${fd(slot)} = open_tree(AT_FDCWD, ${quote(path)}, OPEN_TREE_CLONE${(recursive & 1) !== 0 ? '|AT_RECURSIVE' : ''})`,
      userns !== NO_SLOT &&
        `mount_setattr(${fd(slot)}, "", AT_EMPTY_PATH${(recursive & 2) !== 0 ? '|AT_RECURSIVE' : ''}, {attr_set=MOUNT_ATTR_IDMAP, userns_fd=${fd(userns)}})`,
    ),
  makeUserns: ({ uidMap, gidMap, slot }) =>
    `${fd(slot)} = clone3({flags=CLONE_NEWUSER}) with ${list([uidMap.trim(), gidMap.trim()])}`,
  closeSlot: ({ slot }) => `close(${fd(slot)})`,
};

export const CGROUPS: Calls<
  | 'mkdir'
  | 'rmdir'
  | 'mkfifo'
  | 'unlink'
  | 'removeTree'
  | 'writeFile'
  | 'cgroupCreate'
  | 'cgroupDevices'
  | 'cgroupKill'
  | 'cgroupFreeze'
  | 'cgroupRemove'
  | 'kill'
  | 'umount'
  | 'writeEither'
  | 'publish'
  | 'writeBytes'
  | 'netlink'
  | 'linkMove'
  | 'exec'
  | 'mountHost'
> = {
  mkdir: ({ path, mode }) => `mkdir(${quote(path)}, ${octal(mode)})`,
  rmdir: ({ path }) => `rmdir(${quote(path)})`,
  mkfifo: ({ path, mode }) => `mknod(${quote(path)}, S_IFIFO|${octal(mode)})`,
  unlink: ({ path }) => `unlink(${quote(path)})`,
  removeTree: ({ path }) => `unlinkat(AT_FDCWD, ${quote(path)}, AT_REMOVEDIR) and all below`,
  writeFile: ({ path, value }) => `write(${quote(path)}, ${quote(value)})`,
  cgroupCreate: ({ root, path, controllers, slot }) =>
    calls(
      `${fd(slot)} = mkdir(${quote(`${root}/${path}`)}, 0755) and what leads to it`,
      controllers.length > 0 &&
        `write("cgroup.subtree_control", ${quote(controllers.map((c) => `+${c}`).join(' '))})`,
    ),
  cgroupDevices: ({ slot, program }) =>
    calls(
      `bpf(BPF_PROG_LOAD, {BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt=${program.length / 8}})`,
      `bpf(BPF_PROG_ATTACH, {target_fd=${fd(slot)}, BPF_CGROUP_DEVICE})`,
    ),
  cgroupKill: ({ path }) => `write(${quote(`${path}/cgroup.kill`)}, "1")`,
  cgroupFreeze: ({ path, frozen }) => `write(${quote(`${path}/cgroup.freeze`)}, "${frozen}")`,
  cgroupRemove: ({ path }) => calls(`poll(${quote(`${path}/cgroup.events`)})`, `rmdir(${quote(path)})`),
  kill: ({ pid, signal }) => `pidfd_send_signal(pidfd_open(${pid}), ${signal})`,
  umount: ({ path }) => `umount2(${quote(path)}, MNT_DETACH)`,
  writeEither: ({ path, value, otherPath, otherValue }) =>
    calls(`write(${quote(path)}, ${quote(value)})`, `write(${quote(otherPath)}, ${quote(otherValue)})`),
  writeBytes: ({ path, value }) => `write(${quote(path)}, ${value.length} bytes)`,
  publish: ({ path }) =>
    calls(
      'open(temporary, O_CREAT|O_EXCL, 0600)',
      'writev(…, pid, start time, …)',
      `rename(temporary, ${quote(path)})`,
    ),
  netlink: ({ protocol, request, device }) =>
    calls(
      device !== '' && `ioctl(SIOCGIFINDEX, ${quote(device)})`,
      `sendto(netlink, ${describe(protocol, request).join('; ')})`,
      'recvfrom(netlink)',
    ),
  linkMove: ({ name, as }) =>
    calls(
      'setns(/proc/PID/ns/net) in a helper',
      `sendto(netlink, RTM_NEWLINK {${quote(name)}, IFLA_IFNAME=${quote(as)}, IFLA_NET_NS_PID=PID})`,
    ),
  exec: ({ path, args, input, pidArg, timeoutMs }) => {
    const given = args.map((arg, index) => (index === pidArg ? 'PID' : arg));
    const wait = timeoutMs > 0 ? ` and wait ${timeoutMs} ms` : ' and wait';
    return `execve(${quote(path)}, ${list(given)})${wait}${input.length > 0 ? `, ${input.length} bytes as its input` : ''}`;
  },
  mountHost: ({ type, source, target, attr, options }) =>
    calls(
      `fsopen(${quote(type)})`,
      source !== '' && `fsconfig(source=${source})`,
      options.length > 0 && `fsconfig(${options.join(', ')})`,
      `fsmount(${flags(attr, MOUNT_ATTR)})`,
      `move_mount(fd, ${quote(target)})`,
    ),
};
