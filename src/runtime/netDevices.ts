import { closeSync, openSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import type { LinuxNetDevice } from '../spec/types.ts';

/** An address that belongs to its link alone (fe80::/10): the kernel gives the device another in its new namespace. */
const LINK_LOCAL = /^fe[89ab]/i;

/** Moves one device; a device loses its addresses and goes down on the way. */
function moveDevice(host: string, name: string, netns: Fd): void {
  const { netlink } = native();
  const link = netlink.linkList().find((entry) => entry.name === host);
  if (link === undefined) {
    throw new TinyrunError('SPEC_INVALID', `linux.netDevices.${host}: no such network device`, {
      hint: 'ip link shows the devices of the host',
    });
  }
  const addresses = netlink
    .addressList()
    .filter(({ index, address }) => index === link.index && !LINK_LOCAL.test(address));
  netlink.linkSet(host, { netnsFd: netns, newName: name });
  for (const { address, prefix } of addresses) netlink.addressAdd(name, `${address}/${prefix}`, netns);
  netlink.linkSet(name, { up: true }, netns);
}

/**
 * linux.netDevices: moves devices of the host into the container's network namespace, renamed, with their global
 * addresses, and sets them up; config-linux.md 1.3, "Network Devices".
 * @throws TinyrunError (SPEC_INVALID), SyscallError
 */
export function moveNetDevices(devices: Readonly<Record<string, LinuxNetDevice>>, pid: number): void {
  const netns = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    for (const [host, { name }] of Object.entries(devices)) moveDevice(host, name || host, netns);
  } finally {
    closeSync(netns);
  }
}
