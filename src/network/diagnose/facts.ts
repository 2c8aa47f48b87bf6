import type { Element } from '../../plan/netlink/sets.ts';
import type { Address, Attachment, BoundPort, Cidr, NetworkRecord } from '../types.ts';

// What is known when somebody asks why A does not reach B: plain data, gathered once, so that any host can be played in a test.

/** One of the two that are asked about. */
export type Side =
  | {
      readonly kind: 'container';
      readonly id: string;
      readonly text: string;
      readonly by: 'name' | 'address';
    }
  | { readonly kind: 'host'; readonly text: string; readonly address?: Address }
  /** Anybody behind the host's own links: `internet`, or an address that is nobody's here. */
  | { readonly kind: 'outside'; readonly text: string; readonly address?: Address }
  /** A name that nobody has; `near` is one like it. */
  | { readonly kind: 'unknown'; readonly text: string; readonly near?: string };

export interface Question {
  readonly from: Side;
  readonly to: Side;
  readonly port?: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface LinkFact {
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  /** The bridge that it is a port of. */
  readonly master?: string;
}

/** A socket that somebody listens at. */
export interface ListenerFact {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Address;
  readonly port: number;
}

/** What one network namespace has. */
export interface SpaceFacts {
  readonly links: readonly LinkFact[];
  readonly addresses: readonly { readonly link: string; readonly cidr: Cidr }[];
  /** Of the main table; a default route has `/0`. */
  readonly routes: readonly { readonly to: Cidr; readonly device: string }[];
  readonly neighbours: readonly {
    readonly address: Address;
    readonly mac: string;
    readonly device: string;
  }[];
  readonly listeners: readonly ListenerFact[];
}

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Its network namespace: its own, nothing but a loopback, the host's, or (an id) that of another container. */
  readonly mode: 'networks' | 'none' | 'host' | { readonly container: string };
  readonly attachments: readonly Attachment[];
  readonly ports: readonly BoundPort[];
  /** What it calls others: alias → name or id. */
  readonly links: Readonly<Record<string, string>>;
  /** Names it has besides its own, by network id. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

/** What is there of names, of one container. */
export interface NamesFacts {
  readonly resolver: boolean;
  /** What it may see is written down. */
  readonly view: boolean;
  /** 127.0.0.11 leads to the resolver: the table in the container is there. Undefined: nft was not there to look. */
  readonly table?: boolean;
  /** By network id: containers whose names are written down. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  /** `--dns`, or the host's resolv.conf. */
  readonly servers: readonly Address[];
}

/** A chain of somebody else that drops what none of its rules accepts. */
export interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: 'forward' | 'input';
  /** Bridges that a rule of ours accepts there. */
  readonly accepts: readonly string[];
  /** Ports that a rule of that table accepts, whoever asks. */
  readonly ports: readonly { readonly port: number; readonly protocol?: string }[];
  /** Who is known to make such a chain: Docker, ufw, firewalld. */
  readonly whose?: string;
}

export interface DiagnoseFacts {
  readonly networks: readonly NetworkRecord[];
  /** Ids of those that are up since the boot. */
  readonly up: readonly string[];
  readonly containers: readonly ContainerFacts[];
  readonly host: SpaceFacts;
  /** Of the containers that are asked about, by id. */
  readonly spaces: Readonly<Record<string, SpaceFacts>>;
  readonly names: Readonly<Record<string, NamesFacts>>;
  readonly forwards4: boolean;
  readonly forwards6: boolean;
  /** net.bridge.bridge-nf-call-iptables: what a bridge passes on meets the rules. */
  readonly bridgeFilter: boolean;
  /** net.ipv4.conf.LINK.rp_filter, the stricter of its own and that of all. */
  readonly reversePath: Readonly<Record<string, number>>;
  /** net.ipv4.conf.LINK.route_localnet, of our bridges. */
  readonly routeLocalnet: Readonly<Record<string, boolean>>;
  /** Elements of our table; undefined where there is no table, or one of another version. */
  readonly table?: readonly Element[];
  /** nft is installed, and answered. */
  readonly isTableKnown: boolean;
  readonly foreign: readonly ForeignChain[];
}

export type Stage = 'name' | 'route' | 'neighbour' | 'rule' | 'listener';

/** Stages in the order in which a packet meets them. */
export const STAGES: readonly Stage[] = ['name', 'route', 'neighbour', 'rule', 'listener'];

/** What breaks, and what mends it. */
export interface Finding {
  readonly id: string;
  readonly at: Stage;
  readonly says: string;
  readonly mend: string;
}

/** One breakage. Pure. */
export type Check = (facts: DiagnoseFacts, question: Question) => Finding | undefined;
