import { closeSync, openSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import type { LinuxNetDevice } from '../spec/types.ts';

interface Move {
  readonly host: string;
  readonly name: string;
  readonly index: number;
}

function refuse(host: string, why: string, hint: string): never {
  throw new TinyrunError('SPEC_INVALID', `linux.netDevices.${host}: ${why}`, { hint });
}

/**
 * All devices, before the first one moves: the kernel moves a device and then finds its new name taken, and one that is
 * not of hardware would end with the namespace.
 */
function moves(devices: Readonly<Record<string, LinuxNetDevice>>, netns: Fd): Move[] {
  const { netlink } = native();
  const known = new Map(netlink.linkList().map(({ name, index }) => [name, index]));
  const taken = new Set(netlink.linkList(netns).map(({ name }) => name));
  return Object.entries(devices).map(([host, { name: wanted }]) => {
    const [index, name] = [known.get(host), wanted || host];
    if (index === undefined)
      return refuse(host, 'no such network device', 'ip link shows the devices of the host');
    if (taken.has(name))
      refuse(host, `the container has a device ${name} already`, 'give it another name there');
    taken.add(name);
    return { host, name, index };
  });
}

/** Moves one device; it loses its addresses and goes down on the way. */
function moveDevice({ host, name, index }: Move, netns: Fd): void {
  const { netlink } = native();
  const addresses = netlink
    .addressList()
    .filter((address) => address.index === index && address.isPermanent && address.isGlobal);
  netlink.linkSet(host, { netnsFd: netns, newName: name });
  for (const { address, prefix } of addresses) netlink.addressAdd(name, `${address}/${prefix}`, netns);
  netlink.linkSet(name, { up: true }, netns);
}

/**
 * linux.netDevices: moves devices of the host into the container's network namespace, renamed, with their permanent
 * global addresses, and sets them up; config-linux.md 1.3, "Network Devices".
 * @throws TinyrunError (SPEC_INVALID), SyscallError
 */
export function moveNetDevices(devices: Readonly<Record<string, LinuxNetDevice>>, pid: number): void {
  const netns = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    for (const move of moves(devices, netns)) moveDevice(move, netns);
  } finally {
    closeSync(netns);
  }
}
