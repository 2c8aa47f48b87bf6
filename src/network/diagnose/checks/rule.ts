import { type Element, identityOf } from '../../../plan/netlink/sets.ts';
import { familyOf } from '../../address.ts';
import { networkElements, portElements } from '../../firewall/elements.ts';
import type { NetworkRecord } from '../../types.ts';
import type { Check, DiagnoseFacts, ForeignChain, Question } from '../facts.ts';
import { isRouted, isSame, nameOf, networkIn, type Way, wayOf } from '../way.ts';
import { apart, joinable } from './name.ts';

// What rules drop: ours, for what records say, and those of others.

/** The networks that it passes. */
const networksOf = (facts: DiagnoseFacts, way: Way): NetworkRecord[] => [
  ...new Set([way.out, way.in].flatMap((one) => networkIn(facts, one) ?? [])),
];

const internal: Check = (facts, question) => {
  const way = wayOf(facts, question);
  if (way.network || isSame(way) || way.from.kind === 'host') return undefined;
  const network = networksOf(facts, way).find((one) => one.internal);
  if (!network || apart(way)) return undefined;
  const far = nameOf(
    way.from.kind === 'container' ? way.to : way.from,
    way.from.kind === 'container' ? question.to : question.from,
  );
  const one = (way.from.kind === 'container' ? way.from : way.to).owner?.name ?? 'it';
  return {
    id: 'internal',
    at: 'rule',
    says: `the network ${network.name} is internal: its containers reach one another, and ${far} is none of them`,
    mend: `put ${one} into one more network, that is not internal: tinyrun network connect NETWORK ${one}`,
  };
};

const isolated: Check = (facts, question) => {
  const found = apart(wayOf(facts, question));
  // by name it is the name that breaks first
  if (!found || question.to.kind !== 'container' || question.to.by === 'name') return undefined;
  return {
    id: 'isolated',
    at: 'rule',
    says: `${found.mine.name} and ${found.theirs.name} have no network in common, and networks are isolated from one another`,
    mend: joinable(facts, found),
  };
};

const icc: Check = (facts, question) => {
  const way = wayOf(facts, question);
  if (!way.network || way.network.icc || isSame(way)) return undefined;
  return {
    id: 'icc',
    at: 'rule',
    says: `in the network ${way.network.name} containers do not reach one another: it was made with com.docker.network.bridge.enable_icc=false`,
    mend: 'put both into a network of their own: tinyrun network create both; tinyrun network connect both …',
  };
};

const hostOfPort = (port: { address?: string }, network: NetworkRecord | undefined): string | undefined =>
  port.address ?? network?.bindHost;

const notPublished: Check = (facts, question) => {
  const way = wayOf(facts, question);
  const { from, to, published, in: into } = way;
  const one = to.owner;
  if (from.kind !== 'outside' || to.kind !== 'container' || !one || published) return undefined;
  if (question.port === undefined && one.ports.length > 0) return undefined;
  if (networkIn(facts, into)?.internal) return undefined;
  const { port, protocol } = question;
  const same = one.ports.find((bound) => bound.container === port && bound.protocol === protocol);
  const list = one.ports.map((bound) => `${bound.host}/${bound.protocol}`).join(', ');
  return {
    id: 'not-published',
    at: 'rule',
    says: same
      ? `port ${port} of ${one.name} is reached from outside as port ${same.host} of the host`
      : `no port ${port === undefined ? '' : `${port}/${protocol} `}of the host leads to ${one.name}: ${list ? `only ${list} ${one.ports.length > 1 ? 'do' : 'does'}` : 'it publishes none'}`,
    mend: same
      ? `ask port ${same.host} of the host`
      : `make it again with -p ${port ?? 8080}:${port ?? 80}${protocol === 'udp' ? '/udp' : ''}`,
  };
};

const onLoopback: Check = (facts, question) => {
  const { from, to, published, in: into } = wayOf(facts, question);
  const address = published && hostOfPort(published, networkIn(facts, into));
  if (from.kind !== 'outside' || !published || !address || !/^(127\.|::1$)/.test(address)) return undefined;
  return {
    id: 'published-on-loopback',
    at: 'rule',
    says: `port ${published.host} leads to ${to.owner?.name} from ${address} alone: the host reaches it, nobody outside does`,
    mend: `publish it on all addresses: -p ${published.host}:${published.container} (and see TINYRUN_PUBLISH_HOST)`,
  };
};

/** Where our table decides something: what the host routes or translates, and with br_netfilter what a bridge passes on. */
const needsTable = (facts: DiagnoseFacts, way: Way): boolean =>
  !isSame(way) &&
  (isRouted(way) || way.published !== undefined || (way.network !== undefined && facts.bridgeFilter));

const tableGone: Check = (facts, question) => {
  if (!facts.isTableKnown || facts.table || !needsTable(facts, wayOf(facts, question))) return undefined;
  return {
    id: 'table-gone',
    at: 'rule',
    says: 'the table inet tinyrun is gone, or of another version: no port is published, and nothing leaves with the address of the host (did somebody "nft flush ruleset"?)',
    mend: 'tinyrun network reload',
  };
};

/** What records say that our table has for this way. */
function wantedFor(facts: DiagnoseFacts, way: Way): Element[] {
  const of = networksOf(facts, way).flatMap(networkElements);
  const ports = way.published && way.in ? portElements({ port: way.published, to: way.in }) : [];
  return [...of, ...ports];
}

const text = ({ set, key, end }: Element): string =>
  `${set} { ${key.join(' . ')}${end ? ` … ${end[0]}` : ''} }`;

const elementMissing: Check = (facts, question) => {
  const way = wayOf(facts, question);
  if (!facts.table || !needsTable(facts, way)) return undefined;
  const there = new Set(facts.table.map(identityOf));
  const [missing] = wantedFor(facts, way).filter((each) => !there.has(identityOf(each)));
  if (!missing) return undefined;
  return {
    id: 'element-missing',
    at: 'rule',
    says: `the table inet tinyrun lacks what the records say: ${text(missing)}`,
    mend: 'tinyrun network reload',
  };
};

const routeLocalnet: Check = (facts, question) => {
  const { from, published, in: into } = wayOf(facts, question);
  const link = networkIn(facts, into)?.link;
  if (from.kind !== 'host' || !published || link === undefined || facts.routeLocalnet[link] !== false)
    return undefined;
  return {
    id: 'route-localnet-off',
    at: 'rule',
    says: `127.0.0.1:${published.host} leads nowhere: net.ipv4.conf.${link}.route_localnet is 0, where it was 1`,
    mend: `sysctl -w net.ipv4.conf.${link.replaceAll('.', '/')}.route_localnet=1; the host's other addresses work meanwhile`,
  };
};

const familyOfChain = ({ family }: ForeignChain, wanted: 4 | 6): boolean =>
  family === 'inet' || family === (wanted === 4 ? 'ip' : 'ip6');

const chainText = ({ family, table, name, whose }: ForeignChain): string =>
  `the chain ${name} of the table ${family} ${table}${whose ? ` (${whose})` : ''}`;

/** What `network reload` does for FORWARD of iptables; of other chains their owners decide. */
function mendOf({ family, table, name, whose }: ForeignChain, link: string): string {
  if (name === 'FORWARD' && family !== 'inet' && table.startsWith('filter')) return 'tinyrun network reload';
  if (whose === 'firewalld') return `firewall-cmd --zone=trusted --add-interface=${link}`;
  const rule = (side: string) => `nft insert rule ${family} ${table} ${name} ${side} ${link} accept`;
  return `${rule('iifname')}; ${rule('oifname')}`;
}

const foreignForward: Check = (facts, question) => {
  const way = wayOf(facts, question);
  const isForwarded = isRouted(way) || (way.network !== undefined && facts.bridgeFilter && !isSame(way));
  if (!isForwarded) return undefined;
  const links = networksOf(facts, way).map(({ link }) => link);
  const chain = facts.foreign.find(
    (one) =>
      one.hook === 'forward' &&
      familyOfChain(one, way.family) &&
      links.some((link) => !one.accepts.includes(link)),
  );
  if (!chain) return undefined;
  const link = links.find((each) => !chain.accepts.includes(each)) ?? '';
  return {
    id: 'foreign-forward',
    at: 'rule',
    says: `${chainText(chain)} drops what it does not accept, and does not accept ${link}: an accept of ours does not outvote it`,
    mend: mendOf(chain, link),
  };
};

const acceptsPort = ({ ports }: ForeignChain, { port, protocol }: Question): boolean =>
  ports.some((one) => one.port === port && (one.protocol === undefined || one.protocol === protocol));

const foreignInput: Check = (facts, question) => {
  const way = wayOf(facts, question);
  const { from, to, out } = way;
  const link = networkIn(facts, out)?.link;
  if (from.kind !== 'container' || to.kind !== 'host' || question.port === undefined || link === undefined)
    return undefined;
  const chain = facts.foreign.find(
    (one) =>
      one.hook === 'input' &&
      familyOfChain(one, way.family) &&
      !one.accepts.includes(link) &&
      !acceptsPort(one, question),
  );
  if (!chain) return undefined;
  const { port, protocol } = question;
  const ufw =
    chain.whose === 'ufw' ? `ufw allow in on ${link} to any port ${port} proto ${protocol}` : undefined;
  return {
    id: 'foreign-input',
    at: 'rule',
    says: `${chainText(chain)} drops what it does not accept, and no rule of it accepts ${link} or port ${port}/${protocol}`,
    mend: ufw ?? `accept there what comes from ${link} to port ${port}`,
  };
};

const noFamily: Check = (facts, question) => {
  const { published, in: into, from, to } = wayOf(facts, question);
  const address = published && hostOfPort(published, networkIn(facts, into));
  if (from.kind === 'container' || !published || !address || !into) return undefined;
  const family = familyOf(address);
  if (into.addresses.some((each) => familyOf(each) === family)) return undefined;
  return {
    id: 'published-without-family',
    at: 'rule',
    says: `port ${published.host} is published on ${address}, and ${to.owner?.name} has no IPv${family} address to lead to`,
    mend: `publish it on an address of IPv${family === 4 ? 6 : 4}, or put it into a network that has IPv${family}`,
  };
};

export const RULE: readonly Check[] = [
  isolated,
  internal,
  icc,
  notPublished,
  onLoopback,
  noFamily,
  tableGone,
  elementMissing,
  routeLocalnet,
  foreignForward,
  foreignInput,
];
