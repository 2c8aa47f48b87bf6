import { closeSync, openSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { NetDevice } from '../plan/compile/options.ts';
import type { Linux } from '../spec/types.ts';

function refuse(host: string, why: string, hint: string): never {
  throw new TinyrunError('SPEC_INVALID', `linux.netDevices.${host}: ${why}`, { hint });
}

/** Names of devices in the container's network namespace, before it has any of ours: a new one has its loopback. */
function takenNames({ namespaces }: Linux): Set<string> {
  const path = namespaces?.find(({ type }) => type === 'network')?.path;
  if (!path) return new Set(['lo']);
  const netns = openSync(path, 'r');
  try {
    return new Set(
      native()
        .netlink.linkList(netns)
        .map(({ name }) => name),
    );
  } finally {
    closeSync(netns);
  }
}

/**
 * The devices of linux.netDevices as they are now; config-linux.md 1.3, "Network Devices": permanent addresses of global
 * scope go along. All are looked at before anything is made.
 * @throws TinyrunError (SPEC_INVALID) for a device that is not there, and a name that is taken
 */
export function netDevices(linux: Linux): Readonly<Record<string, NetDevice>> | undefined {
  const wanted = Object.entries(linux.netDevices ?? {});
  if (wanted.length === 0) return undefined;
  const { netlink } = native();
  const known = new Map(netlink.linkList().map((link) => [link.name, link]));
  const addresses = netlink.addressList().filter(({ isPermanent, isGlobal }) => isPermanent && isGlobal);
  const taken = takenNames(linux);
  return Object.fromEntries(
    wanted.map(([host, { name }]) => {
      const [link, as] = [known.get(host), name || host];
      if (link === undefined)
        return refuse(host, 'no such network device', 'ip link shows the devices of the host');
      if (taken.has(as))
        refuse(host, `the container has a device ${as} already`, 'give it another name there');
      taken.add(as);
      const own = addresses.filter(({ index }) => index === link.index);
      const cidrs = own.map(({ address, prefix }) => `${address}/${prefix}`);
      return [host, { as, addresses: cidrs, up: link.up }];
    }),
  );
}
