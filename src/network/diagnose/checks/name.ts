import type { Check, ContainerFacts, DiagnoseFacts, NamesFacts, Question } from '../facts.ts';
import { isIn, isSame, networkOf, type Way, wayOf } from '../way.ts';

// Who is meant, and whether that one is there.

const unknown: Check = (_, { from, to }) => {
  const side = [from, to].find(({ kind }) => kind === 'unknown');
  if (side?.kind !== 'unknown') return undefined;
  return {
    id: 'unknown',
    at: 'name',
    says: `nothing is called ${side.text}: no container, no address; host and internet are the others that can be asked about`,
    mend: side.near ? `is it ${side.near} that is meant?` : 'tinyrun ps -a lists containers',
  };
};

/** The containers that have to be there: those that were asked about, and whose network they have. */
const needed = (facts: DiagnoseFacts, question: Question): ContainerFacts[] => {
  const { from, to } = wayOf(facts, question);
  return [from, to].flatMap(({ owner, container }) => [owner, container].flatMap((one) => one ?? []));
};

const stopped: Check = (facts, question) => {
  const one = needed(facts, question).find(({ status }) => status !== 'running' && status !== 'paused');
  return (
    one && {
      id: 'stopped',
      at: 'name',
      says: `${one.name} does not run (${one.status}): it has no network, and nobody finds its name`,
      mend: `tinyrun start ${one.name}; tinyrun why ${one.name} tells what ended it`,
    }
  );
};

const paused: Check = (facts, question) => {
  const one = needed(facts, question).find(({ status }) => status === 'paused');
  return (
    one && {
      id: 'paused',
      at: 'name',
      says: `${one.name} is paused: the kernel takes packets for it, and no program of it answers`,
      mend: `tinyrun unpause ${one.name}`,
    }
  );
};

const noNetwork: Check = (facts, question) => {
  const way = wayOf(facts, question);
  if (isSame(way)) return undefined;
  const one = [way.from, way.to].find(
    ({ kind, owner }) => kind === 'container' && owner?.attachments.length === 0,
  );
  if (!one?.owner) return undefined;
  const { name, mode } = one.owner;
  const why = mode === 'none' ? 'its network is none: it has a loopback alone' : 'it is in no network';
  return {
    id: 'no-network',
    at: 'name',
    says: `${name} reaches nobody: ${why}`,
    mend:
      mode === 'none' ? 'make it again with --network NETWORK' : `tinyrun network connect NETWORK ${name}`,
  };
};

const listOf = (facts: DiagnoseFacts, { attachments }: ContainerFacts): string =>
  attachments.map(({ network }) => networkOf(facts, network)?.name ?? network.slice(0, 12)).join(' and ');

/** Both are containers, and none of their networks is the same. */
export function apart(way: Way): { mine: ContainerFacts; theirs: ContainerFacts } | undefined {
  const [mine, theirs] = [way.from.owner, way.to.owner];
  const areContainers = way.from.kind === 'container' && way.to.kind === 'container';
  if (!areContainers || way.network || !mine || !theirs || isSame(way)) return undefined;
  return { mine, theirs };
}

/** The network of `theirs` that the other would best be in: not the one that is always there, which takes nobody in beside others. */
export function joinable(
  facts: DiagnoseFacts,
  { theirs, mine }: { mine: ContainerFacts; theirs: ContainerFacts },
): string {
  const made = (one: ContainerFacts) =>
    one.attachments
      .flatMap(({ network }) => networkOf(facts, network)?.name ?? [])
      .find((name) => name !== 'bridge');
  const [there, here] = [made(theirs), made(mine)];
  if (there) return `tinyrun network connect ${there} ${mine.name}`;
  if (here) return `tinyrun network connect ${here} ${theirs.name}`;
  return `tinyrun network create both; tinyrun network connect both ${mine.name}; tinyrun network connect both ${theirs.name}`;
}

const elsewhere: Check = (facts, question) => {
  const found = apart(wayOf(facts, question));
  if (!found || question.to.kind !== 'container' || question.to.by === 'address') return undefined;
  const { mine, theirs } = found;
  return {
    id: 'elsewhere',
    at: 'name',
    says: `${theirs.name} is in ${listOf(facts, theirs)}, ${mine.name} in ${listOf(facts, mine)}: networks do not know each other's names, and are isolated from one another`,
    mend: joinable(facts, found),
  };
};

const isLinked = ({ links }: ContainerFacts, { name, id }: ContainerFacts): boolean =>
  Object.values(links).some(
    (target) => target === name || (/^[0-9a-f]{6,}$/.test(target) && id.startsWith(target)),
  );

const noNames: Check = (facts, question) => {
  const { network, from, to, in: into } = wayOf(facts, question);
  if (network?.name !== 'bridge' || question.to.kind !== 'container' || question.to.by === 'address')
    return undefined;
  const [mine, theirs] = [from.owner, to.owner];
  if (!mine || !theirs || mine.id === theirs.id || isLinked(mine, theirs)) return undefined;
  const address = into?.addresses[0]?.split('/')[0] ?? 'its address';
  return {
    id: 'no-names',
    at: 'name',
    says: `the network bridge has no names: ${mine.name} reaches ${theirs.name} at ${address} alone`,
    mend: `tinyrun network create both, and run them with --network both; or --link ${theirs.name}`,
  };
};

/** Of who asks for a name that the resolver has to know, or to ask for. */
function asking(
  facts: DiagnoseFacts,
  question: Question,
): { one: ContainerFacts; names: NamesFacts; way: Way } | undefined {
  const way = wayOf(facts, question);
  const { from, network } = way;
  const { to } = question;
  const isName = to.kind === 'container' ? to.by === 'name' && network : to.kind === 'outside' && !to.address;
  const one = from.kind === 'container' ? from.owner : undefined;
  const names = one && facts.names[one.id];
  return isName && one && names && !isSame(way) ? { one, names, way } : undefined;
}

/** It asks 127.0.0.11: it is in a network that has names. */
const asksOurs = (facts: DiagnoseFacts, { attachments }: ContainerFacts): boolean =>
  attachments.some(({ network }) => {
    const name = networkOf(facts, network)?.name;
    return name !== undefined && name !== 'bridge';
  });

const resolverDead: Check = (facts, question) => {
  const { one, names } = asking(facts, question) ?? {};
  if (!one || !names || !asksOurs(facts, one) || names.resolver) return undefined;
  return {
    id: 'resolver-dead',
    at: 'name',
    says: `nobody answers to names: the resolver (tinyrun-names) does not run, so 127.0.0.11 of ${one.name} is silent`,
    mend: 'tinyrun network reload starts it again',
  };
};

const viewGone: Check = (facts, question) => {
  const { one, names } = asking(facts, question) ?? {};
  if (!one || !names || !asksOurs(facts, one) || names.view) return undefined;
  return {
    id: 'view-gone',
    at: 'name',
    says: `the resolver does not know ${one.name} any more: its file among the names of the run root is gone`,
    mend: `tinyrun restart ${one.name}`,
  };
};

const namesTableGone: Check = (facts, question) => {
  const { one, names } = asking(facts, question) ?? {};
  if (!one || !names || !asksOurs(facts, one) || names.table !== false) return undefined;
  return {
    id: 'names-table-gone',
    at: 'name',
    says: `in ${one.name} the table tinyrun-names is gone: what it asks of 127.0.0.11 port 53 comes to nobody`,
    mend: `somebody flushed the rules in it; tinyrun restart ${one.name}`,
  };
};

const nameGone: Check = (facts, question) => {
  const { names, way } = asking(facts, question) ?? {};
  const { network, to } = way ?? {};
  if (!names || !network || network.name === 'bridge' || !to?.owner) return undefined;
  if (names.endpoints[network.id]?.includes(to.owner.id)) return undefined;
  return {
    id: 'name-gone',
    at: 'name',
    says: `the resolver does not know ${to.owner.name} in ${network.name}: its file among the names of the run root is gone`,
    mend: `tinyrun network disconnect ${network.name} ${to.owner.name}; tinyrun network connect ${network.name} ${to.owner.name}`,
  };
};

const noServers: Check = (facts, question) => {
  const { one, names, way } = asking(facts, question) ?? {};
  if (!one || !names || way?.to.kind !== 'outside' || names.servers.length > 0) return undefined;
  return {
    id: 'no-servers',
    at: 'name',
    says: `no name of the internet can be looked up: the host's /etc/resolv.conf names no server, and ${one.name} has no --dns`,
    mend: 'put "nameserver ADDRESS" into /etc/resolv.conf, or run it with --dns ADDRESS',
  };
};

/** An address of one of our subnets that no container has. */
const noSuchAddress: Check = ({ networks }, { from, to }) => {
  for (const side of [to, from]) {
    const { address } = side.kind === 'outside' ? side : {};
    const network = address && networks.find((one) => isIn(address, one));
    if (network)
      return {
        id: 'no-such-address',
        at: 'name',
        says: `no container that runs has ${address}, which is an address of the network ${network.name}`,
        mend: `tinyrun network inspect ${network.name} lists who has which`,
      };
  }
  return undefined;
};

export const NAME: readonly Check[] = [
  unknown,
  noSuchAddress,
  stopped,
  paused,
  noNetwork,
  elsewhere,
  noNames,
  resolverDead,
  viewGone,
  namesTableGone,
  nameGone,
  noServers,
];
