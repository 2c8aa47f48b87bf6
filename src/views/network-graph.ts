import type { GraphFacts } from '../engine/networks/diagnose.ts';
import { hostOf } from '../network/address.ts';
import type { ContainerFacts, SpaceFacts } from '../network/diagnose/facts.ts';
import type { Attachment, NetworkRecord } from '../network/types.ts';

// The networks of a host as one tree, of which the terminal, an SVG and a page are drawn: pure, of the facts that `network why` has, too.

/** What a box of the picture is. */
export interface GraphNode {
  readonly kind: 'host' | 'network' | 'container' | 'port' | 'rule';
  readonly name: string;
  /** Shown behind the name: what it is, what it has. */
  readonly notes: readonly string[];
  /** It is not as records say. */
  readonly bad?: string;
  readonly children: readonly GraphNode[];
}

export function graphOf(facts: GraphFacts): GraphNode {
  const { host } = facts;
  const uplinks = [...new Set(host.routes.filter(({ to }) => to.endsWith('/0')).map(({ device }) => device))];
  const up = facts.networks.filter(({ id, driver }) => driver === 'bridge' && facts.up.includes(id));
  const others = outside(facts);
  return {
    kind: 'host',
    name: 'host',
    notes: [
      ...uplinks.map((link) => [link, ...addressesOf(host, link)].join(' ')),
      facts.forwards4 ? 'routes' : 'does not route',
    ],
    children: [
      ...up.map((network) => networkNode(facts, network)),
      ...(others.length > 0
        ? [{ kind: 'network' as const, name: 'in no network', notes: [], children: others }]
        : []),
      ...ruleNodes(facts),
    ],
  };
}

const addressesOf = ({ addresses }: SpaceFacts, link: string): string[] =>
  addresses.filter((one) => one.link === link && !one.cidr.startsWith('fe80:')).map(({ cidr }) => cidr);

/** Those that share the host's network, have none, or have another's. */
const outside = ({ containers }: GraphFacts): GraphNode[] =>
  containers.flatMap(({ mode, name, status }): GraphNode[] => {
    if (mode === 'networks' || status !== 'running') return [];
    const whose =
      typeof mode === 'object'
        ? `the network of ${containers.find(({ id }) => id === mode.container)?.name ?? mode.container.slice(0, 12)}`
        : mode;
    return [{ kind: 'container', name, notes: [whose], children: [] }];
  });

function networkNode(facts: GraphFacts, network: NetworkRecord): GraphNode {
  const { host, containers } = facts;
  const bridge = host.links.find(({ name }) => name === network.link);
  const members = containers.flatMap((one) =>
    ['running', 'paused'].includes(one.status)
      ? one.attachments
          .filter((each) => each.network === network.id)
          .map((each) => memberNode(facts, network, one, each))
      : [],
  );
  const kinds = [
    network.internal && 'internal',
    !network.icc && 'no icc',
    !network.masquerade && 'no masquerade',
  ];
  const bad =
    bridge === undefined ? `${network.link} is gone` : bridge.up ? undefined : `${network.link} is down`;
  return {
    kind: 'network',
    name: network.name,
    notes: [
      network.link,
      ...network.pools.map(({ subnet }) => subnet),
      ...kinds.flatMap((each) => each || []),
    ],
    ...(bad !== undefined && { bad }),
    children: members,
  };
}

function memberNode(
  facts: GraphFacts,
  network: NetworkRecord,
  one: ContainerFacts,
  at: Attachment,
): GraphNode {
  const ports = one.attachments[0] === at ? one.ports : [];
  const bad = badOf(facts, network, one, at);
  return {
    kind: 'container',
    name: one.name,
    notes: [
      `${at.as} ${at.addresses.map(hostOf).join(' ')}`,
      `↔ ${at.hostLink}`,
      ...(one.status === 'paused' ? ['paused'] : []),
    ],
    ...(bad !== undefined && { bad }),
    children: ports.map(({ address, host, container, protocol }) => ({
      kind: 'port',
      name: `${address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`}${host} → ${container}/${protocol}`,
      notes: [listensAt(facts.spaces[one.id], container, protocol)],
      children: [],
    })),
  };
}

function badOf(
  { host, spaces }: GraphFacts,
  { link }: NetworkRecord,
  { id }: ContainerFacts,
  at: Attachment,
): string | undefined {
  const outer = host.links.find(({ name }) => name === at.hostLink);
  const inner = spaces[id]?.links.find(({ name }) => name === at.as);
  if (!outer || !inner) return 'its link is gone';
  if (outer.master !== link) return `${at.hostLink} is no port of ${link}`;
  if (!outer.up || !inner.up) return `${outer.up ? at.as : at.hostLink} is down`;
  return undefined;
}

const listensAt = (space: SpaceFacts | undefined, port: number, protocol: string): string =>
  protocol === 'sctp' || space?.listeners.some((one) => one.port === port && one.protocol === protocol)
    ? ''
    : 'nothing listens';

/** Rules that count, and chains of others that drop. */
function ruleNodes({ rules, table, isTableKnown, foreign }: GraphFacts): GraphNode[] {
  const ours = rules.map(
    ({ chain, text, packets, bytes }): GraphNode => ({
      kind: 'rule',
      name: `${chain}: ${text}`,
      notes: packets === undefined ? [] : [`${packets} packets`, `${bytes ?? 0} bytes`],
      children: [],
    }),
  );
  const theirs = foreign.map(
    ({ family, table: name, name: chain, whose, accepts }): GraphNode => ({
      kind: 'rule',
      name: `${family} ${name} ${chain}: drops what it does not accept`,
      notes: [
        ...(whose ? [whose] : []),
        ...(accepts.length > 0 ? [`accepts ${[...new Set(accepts)].join(' ')}`] : []),
      ],
      children: [],
    }),
  );
  if (ours.length + theirs.length === 0 && table) return [];
  const bad = isTableKnown && !table ? 'the table inet tinyrun is gone' : undefined;
  return [
    {
      kind: 'network',
      name: 'rules',
      notes: table ? ['inet tinyrun', `${table.length} elements`] : [],
      ...(bad && { bad }),
      children: [...ours, ...theirs],
    },
  ];
}
