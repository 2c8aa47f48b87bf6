import { signalName } from '../../spec/linux.ts';
import { describeFlows } from '../netlink/conntrack.ts';
import { describe } from '../netlink/describe.ts';
import { PORT_PROTOCOLS, protocolName, socketText } from '../socket-address.ts';
import { removeTree, replaceFile } from './compound.ts';
import { type Calls, calls, fd, flags, list, MOUNT_ATTR, octal, quote } from './format.ts';

/** What the host lane does by itself: files, cgroups, devices, programs and sockets of the host; and who is lent what of the container. */
export const HOST: Calls<
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
  | 'reserve'
  | 'forgetFlows'
  | 'release'
  | 'exec'
  | 'mountHost'
  | 'dial'
  | 'serve'
  | 'replaceFile'
> = {
  mkdir: ({ path, mode }) => `mkdir(${quote(path)}, ${octal(mode)})`,
  rmdir: ({ path }) => `rmdir(${quote(path)})`,
  mkfifo: ({ path, mode }) => `mknod(${quote(path)}, S_IFIFO|${octal(mode)})`,
  unlink: ({ path }) => `unlink(${quote(path)})`,
  removeTree: ({ path }) => removeTree(path),
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
  kill: ({ pid, signal }) => `pidfd_send_signal(pidfd_open(${pid}), ${signalName(signal)})`,
  umount: ({ path }) => `umount2(${quote(path)}, MNT_DETACH)`,
  writeEither: ({ path, value, otherPath, otherValue }) =>
    calls(`write(${quote(path)}, ${quote(value)})`, `write(${quote(otherPath)}, ${quote(otherValue)})`),
  writeBytes: ({ path, value }) => `write(${quote(path)}, ${value.length} bytes)`,
  publish: ({ path }) => replaceFile(path, 'writev(…, pid, start time, …)'),
  netlink: ({ protocol, request, device }) =>
    calls(
      device !== '' && `ioctl(SIOCGIFINDEX, ${quote(device)})`,
      `sendto(netlink, ${describe(protocol, request, device).join('; ')})`,
      'recvfrom(netlink)',
    ),
  linkMove: ({ name, as }) =>
    calls(
      'setns(/proc/PID/ns/net) in a helper',
      `sendto(netlink, RTM_NEWLINK {${quote(name)}, IFLA_IFNAME=${quote(as)}, IFLA_NET_NS_PID=PID})`,
    ),
  reserve: ({ protocol, address, slot }) => {
    const type = protocol === PORT_PROTOCOLS.udp ? 'SOCK_DGRAM' : 'SOCK_STREAM';
    const family = address.length > 16 ? 'AF_INET6' : 'AF_INET';
    return calls(
      `${fd(slot)} = socket(${family}, ${type}, IPPROTO_${protocolName(protocol).toUpperCase()})`,
      protocol === PORT_PROTOCOLS.udp && `setsockopt(${fd(slot)}, SO_ATTACH_FILTER, drop all)`,
      address.length > 16 && `setsockopt(${fd(slot)}, IPV6_V6ONLY)`,
      `bind(${fd(slot)}, ${socketText(address)})`,
    );
  },
  forgetFlows: ({ request }) =>
    `sendto(netlink, IPCTNL_MSG_CT_DELETE of all ${describeFlows(request)}); recvfrom(netlink)`,
  release: ({ protocol, address }) => `close(its socket at ${socketText(address)}/${protocolName(protocol)})`,
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
  dial: ({ path, slot }) =>
    calls(`${fd(slot)} = socket(AF_UNIX, SOCK_SEQPACKET)`, `connect(${fd(slot)}, ${quote(path)})`),
  serve: ({ slot, view, port }) =>
    calls(
      `bind(UDP and TCP, 127.0.0.11:${port})`,
      `sendmsg(${fd(slot)}, ${quote(view)}, SCM_RIGHTS)`,
      `read(${fd(slot)}, 1)`,
    ),
  replaceFile: ({ path, mode, value }) =>
    calls(
      'open(temporary, O_CREAT|O_EXCL, 0600)',
      `writev(${value.length} bytes)`,
      mode !== 0o600 && `fchmod(${octal(mode)})`,
      `rename(temporary, ${quote(path)})`,
    ),
};
