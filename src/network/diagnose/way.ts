import { familyOf, hostOf, isWithin } from '../address.ts';
import { bestGateway } from '../endpoint.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../types.ts';
import type { ContainerFacts, DiagnoseFacts, Question, Side, SpaceFacts } from './facts.ts';

// How a packet goes between the two, as far as records tell: what each check asks first.

/** An end of the way: a container in networks, or the host, or what is outside. */
export interface End {
  readonly kind: 'container' | 'host' | 'outside';
  /** The container that was asked about, whoever's network it has. */
  readonly container?: ContainerFacts;
  /** The one whose network namespace it is in. */
  readonly owner?: ContainerFacts;
  readonly space?: SpaceFacts;
}

export interface Way {
  readonly from: End;
  readonly to: End;
  /** The network of both; undefined: the host routes. */
  readonly network?: NetworkRecord;
  /** What each has there, or goes out by, or is reached by. */
  readonly out?: Attachment;
  readonly in?: Attachment;
  /** The published port that it takes. */
  readonly published?: BoundPort;
  /** Where the program has to listen. */
  readonly port?: number;
  /** 6 where an address of that family was asked for. */
  readonly family: 4 | 6;
}

const containerOf = ({ containers }: DiagnoseFacts, id: string): ContainerFacts | undefined =>
  containers.find((one) => one.id === id);

function endOf(facts: DiagnoseFacts, side: Side): End {
  if (side.kind === 'host') return { kind: 'host', space: facts.host };
  if (side.kind !== 'container') return { kind: 'outside' };
  const container = containerOf(facts, side.id);
  const owner =
    typeof container?.mode === 'object' ? containerOf(facts, container.mode.container) : container;
  // its network is the host's: so is what it reaches, and where it is reached
  if (owner?.mode === 'host')
    return { kind: 'host', space: facts.host, owner, ...(container && { container }) };
  const space = owner && facts.spaces[owner.id];
  return {
    kind: 'container',
    ...(container && { container }),
    ...(owner && { owner }),
    ...(space && { space }),
  };
}

export const networkOf = (facts: DiagnoseFacts, id: string): NetworkRecord | undefined =>
  facts.networks.find((network) => network.id === id);

/** The network that both are in: of several, one that has the address that was asked for. */
function commonOf(facts: DiagnoseFacts, { to: side }: Question, from: End, to: End) {
  const mine = from.owner?.attachments ?? [];
  const theirs = to.owner?.attachments ?? [];
  const asked = 'address' in side ? side.address : undefined;
  const text = asked ?? side.text;
  const pairs = mine.flatMap((out) =>
    theirs.flatMap((into) => (into.network === out.network ? [{ out, in: into }] : [])),
  );
  const named = pairs.find((pair) => pair.in.addresses.some((each) => hostOf(each) === text)) ?? pairs[0];
  const network = named && networkOf(facts, named.out.network);
  return named && network ? { ...named, network } : undefined;
}

const attachmentBy = (
  owner: ContainerFacts | undefined,
  { text }: Side,
  family: 4 | 6,
): Attachment | undefined => {
  const all = owner?.attachments ?? [];
  return (
    all.find(({ addresses }) => addresses.some((each) => hostOf(each) === text)) ??
    bestGateway(all, family)?.attachment ??
    all[0]
  );
};

const familyAsked = ({ to, from }: Question): 4 | 6 =>
  [to, from].some((side) => familyOf(('address' in side && side.address) || side.text) === 6) ? 6 : 4;

/** From who is no neighbour a port of the host leads there; the host itself reaches a container at its address, too. */
function publishedOf(to: End, { port, protocol }: Question): BoundPort | undefined {
  return to.owner?.ports.find((bound) => bound.host === port && bound.protocol === protocol);
}

export function wayOf(facts: DiagnoseFacts, question: Question): Way {
  const from = endOf(facts, question.from);
  const to = endOf(facts, question.to);
  const family = familyAsked(question);
  const ends = { from, to, family } as const;
  const { port } = question;
  if (from.kind === 'container' && to.kind === 'container') {
    const common = commonOf(facts, question, from, to);
    if (common) return { ...ends, ...common, ...(port !== undefined && { port }) };
  }
  const out = from.kind === 'container' ? attachmentBy(from.owner, question.from, family) : undefined;
  const into = to.kind === 'container' ? attachmentBy(to.owner, question.to, family) : undefined;
  const published =
    to.kind === 'container' && from.kind !== 'container' ? publishedOf(to, question) : undefined;
  const target = published?.container ?? port;
  return {
    ...ends,
    ...(out && { out }),
    ...(into && { in: into }),
    ...(published && { published }),
    ...(target !== undefined && { port: target }),
  };
}

/** The network of what it has. */
export const networkIn = (facts: DiagnoseFacts, attachment: Attachment | undefined) =>
  attachment && networkOf(facts, attachment.network);

/** Both are the same namespace: nothing lies between. */
export const isSame = ({ from, to }: Way): boolean =>
  (from.kind === 'host' && to.kind === 'host') ||
  (from.owner !== undefined && from.owner.id === to.owner?.id);

/** The host forwards it: to outside, or from there, not from itself. */
export const isRouted = ({ from, to, network }: Way): boolean =>
  network === undefined &&
  [from, to].some(({ kind }) => kind === 'container') &&
  from.kind !== 'host' &&
  to.kind !== 'host';

export const addressIn = (attachment: Attachment, family: 4 | 6): string | undefined =>
  attachment.addresses.map(hostOf).find((each) => familyOf(each) === family);

export const isIn = (address: string, network: NetworkRecord): boolean =>
  network.pools.some(({ subnet }) => isWithin(address, subnet));

/** What a person calls an end. */
export const nameOf = ({ container, kind }: End, side: Side): string =>
  container?.name ?? (kind === 'host' ? 'the host' : side.text);
