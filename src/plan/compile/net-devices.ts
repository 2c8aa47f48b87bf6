import { addAddress } from '../netlink/address.ts';
import { setUp } from '../netlink/link.ts';
import { datagram, NETLINK_ROUTE } from '../netlink/wire.ts';
import type { Context } from './context.ts';
import { type NetDevice, STAGE } from './options.ts';

/** What the device has on the host, to be given back where the container does not start. */
function restored({ addresses, up }: NetDevice): ReturnType<typeof datagram> {
  return datagram([...addresses.map(addAddress), ...(up ? [setUp()] : [])]);
}

/**
 * Devices of the host move into the network namespace that the container lane is in, renamed, with their addresses, and go up;
 * config-linux.md 1.3, "Network Devices". Hooks find them there.
 */
export function netDevices(c: Context): void {
  const devices = Object.entries(c.options.netDevices ?? {});
  if (devices.length === 0) return;
  const stage = STAGE.devices;
  c.inContainer('sync', { stage }, 'its network namespace is there');
  c.onHost('awaitSync', { stage }, 'devices of the host can move in');
  for (const [name, device] of devices) {
    const { request: restore, deviceAt } = restored(device);
    c.onHost('linkMove', { name, as: device.as, restore, deviceAt }, `linux.netDevices.${name}`);
  }
  c.onHost('signalSync', { stage }, 'the devices are there');
  for (const [name, { as, addresses }] of devices) {
    const messages = datagram([...addresses.map(addAddress), setUp()]);
    c.inContainer(
      'netlink',
      { protocol: NETLINK_ROUTE, ...messages, device: as },
      `linux.netDevices.${name}: on the way it lost its addresses and went down`,
    );
  }
}
