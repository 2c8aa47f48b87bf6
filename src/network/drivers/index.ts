import { TinyrunError } from '../../errors.ts';
import type { NetworkDriver, NetworkRecord } from '../types.ts';
import { bridge } from './bridge.ts';
import { macvlan } from './macvlan.ts';

/** A network namespace with a loopback, or the host's: there is nothing to make. */
const nothing: NetworkDriver = { livePorts: false, up: () => ({}), attach: () => ({}) };

/** @throws TinyrunError UNSUPPORTED */
export function driverOf({ driver, name }: Pick<NetworkRecord, 'driver' | 'name'>): NetworkDriver {
  if (driver === 'bridge') return bridge;
  if (driver === 'macvlan') return macvlan;
  if (driver === 'none' || driver === 'host') return nothing;
  throw new TinyrunError('UNSUPPORTED', `network ${name}: this version has no driver ${driver}`, {
    hint: 'bridge and macvlan are there',
  });
}
