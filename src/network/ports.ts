import { PORT_PROTOCOLS, socketAddress } from '../plan/socket-address.ts';
import type { Step } from '../plan/types.ts';
import { randomBytes } from '../store/random.ts';
import { readIfAny } from '../store/read.ts';
import { familyOf } from './address.ts';
import { localSockets } from './sockets.ts';
import type { Address, BoundPort, NetworkFacts, NetworkRecord, Protocol } from './types.ts';

/** A port as it is asked for, or several in a row. */
export interface WantedPort {
  readonly protocol: Protocol;
  readonly container: number;
  /** Any free one without. */
  readonly host?: number | undefined;
  readonly address?: Address | undefined;
  readonly count: number;
  /** Any free one among so many, from `host` on. */
  readonly choices?: number | undefined;
}

/** Whether a port of the host is in use, as far as one can see. */
export type InUse = (protocol: Protocol, port: number) => boolean;

/** Each port with the one of the host that leads to it; those that are left to us are free now, and held when they are bound. */
export function boundPorts(wanted: readonly WantedPort[], isInUse: InUse, random: () => number): BoundPort[] {
  const bound: BoundPort[] = [];
  const isTaken: InUse = (protocol, port) =>
    isInUse(protocol, port) || bound.some((other) => other.protocol === protocol && other.host === port);
  for (const { protocol, container, host, address, count, choices = 1 } of wanted)
    for (let n = 0; n < count; n++) {
      const from = host === undefined ? undefined : host + n;
      const port =
        from === undefined || choices > 1 ? freeOf(protocol, from, choices, isTaken, random) : from;
      bound.push({ protocol, container: container + n, host: port, ...(address && { address }) });
    }
  return bound;
}

/** Where all are in use, one that is: whoever binds it says so. */
function freeOf(
  protocol: Protocol,
  from: number | undefined,
  choices: number,
  isTaken: InUse,
  random: () => number,
): number {
  if (from !== undefined) {
    const found = Array.from({ length: choices }, (_, n) => from + n).find(
      (port) => !isTaken(protocol, port),
    );
    return found ?? from;
  }
  let port = random();
  for (let tries = 0; tries < 1000 && isTaken(protocol, port); tries++) port = random();
  return port;
}

/** Of those that the kernel gives to who asks for none. */
export function randomPort(): number {
  const [low = 32768, high = 60999] = (readIfAny('/proc/sys/net/ipv4/ip_local_port_range') ?? '')
    .trim()
    .split(/\s+/)
    .map(Number);
  return low + (randomBytes(4).readUInt32LE() % (high - low + 1));
}

/** What has a local port here: /proc/net/{tcp,udp}{,6}, read when it is asked for. */
export function portsInUse(): InUse {
  const known = new Map<Protocol, Set<number>>();
  return (protocol, port) => {
    const ports = known.get(protocol) ?? new Set(localSockets(protocol).map((one) => one.port));
    known.set(protocol, ports);
    return ports.has(port);
  };
}

/** Where a published port is bound: of each family, where nothing is said. */
export interface Binding extends BoundPort {
  readonly address: Address;
}

/** Of a network that says where, there; an address of no family that there is, nowhere. */
export function bindings(
  ports: readonly BoundPort[],
  { bindHost }: Pick<NetworkRecord, 'bindHost'>,
  { ipv6 }: Pick<NetworkFacts, 'ipv6'>,
): Binding[] {
  return ports.flatMap((port) => {
    const address = port.address ?? bindHost;
    const all = address === undefined ? ['0.0.0.0', '::'] : [address];
    return all.filter((each) => ipv6 || familyOf(each) === 4).map((each) => ({ ...port, address: each }));
  });
}

/** Held as long as the container's parent lives; nothing ever listens there. The slot is the binding's place in its list. */
export const reserve = ({ protocol, address, host }: Binding, slot: number): Step => ({
  op: 'reserve',
  lane: 'host',
  args: { protocol: PORT_PROTOCOLS[protocol] ?? 0, address: socketAddress(address, host), slot },
  why: `nobody else gets port ${host}/${protocol} of the host`,
});

/** The way back, for who holds it and goes on. */
export const free = ({ protocol, address, host }: Binding): Step => ({
  op: 'release',
  lane: 'host',
  args: { protocol: PORT_PROTOCOLS[protocol] ?? 0, address: socketAddress(address, host) },
  why: `port ${host}/${protocol} of the host is anybody's again`,
});
