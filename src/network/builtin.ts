import type { NetworkRecord } from './types.ts';

// The networks that are always there. Their ids are the same everywhere, so that they need no file to be told by.

const NEVER = '0001-01-01T00:00:00Z';

const builtIn = (name: string, driver: NetworkRecord['driver'], link: string): NetworkRecord => ({
  version: 1,
  id: Buffer.from(`${name} of tinyrun`).toString('hex').padEnd(64, '0'),
  name,
  created: NEVER,
  driver,
  link,
  pools: [],
  internal: false,
  icc: true,
  masquerade: driver === 'bridge',
  mtu: 1500,
  options: {},
  labels: {},
});

export const HOST = builtIn('host', 'host', '');
export const NONE = builtIn('none', 'none', '');
/** What is listed of it until a container needs it: its subnet is chosen then. */
export const BRIDGE = builtIn('bridge', 'bridge', 'tinyrun0');

export const BUILT_IN: readonly NetworkRecord[] = [BRIDGE, HOST, NONE];

/** Names that nobody can give to a network; `default` is what Docker calls `bridge` in places. */
export const isPredefined = (name: string): boolean =>
  name === 'default' || BUILT_IN.some((network) => network.name === name);
