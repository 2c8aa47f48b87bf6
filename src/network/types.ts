import type { Contribution } from '../plan/contribution.ts';

/** An address of either family in its usual spelling: `172.18.0.5`, `fd00::5` (RFC 5952). */
export type Address = string;

/** An address with the bits of its prefix: `172.18.0.0/16` where a network is meant, `172.18.0.5/16` where one host of it. */
export type Cidr = string;

export type Protocol = 'tcp' | 'udp' | 'sctp';

/**
 * A network as it was made: `networks/ID/network.json` of the data root, written once. What is up of it lives in the run root,
 * which a reboot empties.
 */
export interface NetworkRecord {
  readonly version: 1;
  /** 64 hexadecimal digits, as a container's. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly driver: 'bridge' | 'macvlan' | 'ipvlan' | 'host' | 'none';
  /** The bridge (`tinyrun0`, `br-` and 12 digits of the id) or, of macvlan and ipvlan, the parent; '' for host and none. */
  readonly link: string;
  /** At most one of each family; a family that is missing has no addresses. */
  readonly pools: readonly Pool[];
  /** Nothing but its own containers is reached from it. */
  readonly internal: boolean;
  /** Its containers reach one another (`com.docker.network.bridge.enable_icc`). */
  readonly icc: boolean;
  /** What leaves it has the host's address (`com.docker.network.bridge.enable_ip_masquerade`). */
  readonly masquerade: boolean;
  /** Where ports are published that name no address (`com.docker.network.bridge.host_binding_ipv4`). */
  readonly bindHost?: Address;
  /** Bytes; that of the uplink when it was made, unless asked for. */
  readonly mtu: number;
  /** `-o KEY=VALUE` as given. */
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** The addresses of one family. */
export interface Pool {
  readonly subnet: Cidr;
  /** The bridge's own, where it has one. */
  readonly gateway?: Address;
  /** The part of the subnet that addresses are taken from (`--ip-range`). */
  readonly range?: Cidr;
  /** Never given away, by name (`--aux-address`). */
  readonly reserved: Readonly<Record<string, Address>>;
}

/** A container in a network: all that its undo, inspect and a graph need. It is part of the container's record. */
export interface Attachment {
  /** Its id. */
  readonly network: string;
  /** `tr` and 13 hexadecimal digits, new for every birth: the last one may still be dying. '' where the host has no end of it. */
  readonly hostLink: string;
  /** What the container calls its end: `eth0`. */
  readonly as: string;
  /** `02:42:ac:12:00:05` */
  readonly mac: string;
  /** With the prefix of their subnets. */
  readonly addresses: readonly Cidr[];
  /** The first hops of its default routes; empty in an internal network. */
  readonly gateways: readonly Address[];
  /** Names besides the container's own. */
  readonly aliases: readonly string[];
  /** Of its default routes: the lowest wins. */
  readonly metric: number;
}

/** A port of the host that leads to one of a container. */
export interface BoundPort {
  readonly protocol: Protocol;
  /** Where the container's program listens. */
  readonly container: number;
  readonly host: number;
  /** One of the host's; undefined: all of them, of both families. */
  readonly address?: Address;
}

/** One kind of network: what is in the kernel for it, and for each container in it. Pure. */
export interface NetworkDriver {
  /** Whether ports of a running container can change. */
  readonly livePorts: boolean;
  /** Journalled in `networks/ID` of the run root; its undo is `network rm`. */
  up(network: NetworkRecord, host: NetworkFacts): Contribution;
  /** Links of others: where `up` has the host route, nothing shall go between these by that. */
  closes?(network: NetworkRecord, host: NetworkFacts): readonly string[];
  attach(
    network: NetworkRecord,
    attachment: Attachment,
    ports: readonly BoundPort[],
    host: NetworkFacts,
  ): Contribution;
}

/** What drivers go by of the host. */
export interface NetworkFacts {
  /** `net.ipv4.ip_forward` and its counterpart of IPv6: whether it routes already. */
  readonly forwards4: boolean;
  readonly forwards6: boolean;
  /** Whether there is IPv6 at all. */
  readonly ipv6: boolean;
  /** net.bridge.bridge-nf-call-ip6tables is on: what a bridge forwards meets the firewall. */
  readonly bridgeFilter6: boolean;
  /** Names of the links there are. */
  readonly links: readonly string[];
}
