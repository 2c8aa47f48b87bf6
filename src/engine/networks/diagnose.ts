import { hostOf } from '../../network/address.ts';
import { examine } from '../../network/diagnose/examine.ts';
import type { ContainerFacts, DiagnoseFacts, Finding, Question, Side } from '../../network/diagnose/facts.ts';
import {
  type CountedRule,
  gatherCounters,
  gatherHost,
  gatherNames,
  gatherSpace,
  serversOf,
} from '../../network/diagnose/gather.ts';
import { namePlaces } from '../../network/names/places.ts';
import { NetworkStore } from '../../network/store.ts';
import { isUp } from '../../network/up.ts';
import { isIPv4, isIPv6 } from '../../spec/addresses.ts';
import type { Roots } from '../../store/paths.ts';
import { readIfAny } from '../../store/read.ts';
import { isOther, networksOf } from '../config/network.ts';
import { findIfThere, listContainers } from '../manage.ts';
import type { ContainerView } from '../record.ts';
import { isRunning } from '../status.ts';

/** What came of looking at the way between two. */
export interface WayReport {
  readonly question: Question;
  readonly facts: DiagnoseFacts;
  /** What breaks, first what a packet would meet first; none: it would arrive. */
  readonly findings: readonly Finding[];
}

export interface WayAsked {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly protocol: 'tcp' | 'udp';
}

/** Why A does not reach B, or that it does. Looks at the host, and changes nothing. */
export function whyNetwork(roots: Roots, { from, to, ...what }: WayAsked): WayReport {
  const views = listContainers(roots, () => {});
  const question: Question = { from: sideOf(roots, views, from), to: sideOf(roots, views, to), ...what };
  const asked = [question.from, question.to].flatMap((side) => (side.kind === 'container' ? [side.id] : []));
  const facts = gatherDiagnosis(roots, views, asked);
  // what is the host's is known by what was gathered of it
  const found = { ...question, from: asHost(facts, question.from), to: asHost(facts, question.to) };
  return { question: found, facts, findings: examine(facts, found) };
}

/** What a picture of all networks is drawn of. */
export interface GraphFacts extends DiagnoseFacts {
  /** The rules of our table that say why they are there, in their order. */
  readonly rules: readonly CountedRule[];
}

export function networkGraph(roots: Roots): GraphFacts {
  const views = listContainers(roots, () => {});
  return {
    ...gatherDiagnosis(
      roots,
      views,
      views.map(({ record }) => record.id),
    ),
    rules: gatherCounters(),
  };
}

/** All that is known of networks, and of the namespaces of these containers. */
export function gatherDiagnosis(
  roots: Roots,
  views: readonly ContainerView[],
  asked: readonly string[],
): DiagnoseFacts {
  const store = new NetworkStore(roots.dataRoot);
  const networks = store.list(() => {});
  const containers = views.map((view) => factsOf(roots, views, view));
  const wanted = new Set(
    asked.flatMap((id) => {
      const mode = containers.find((one) => one.id === id)?.mode;
      return typeof mode === 'object' ? [id, mode.container] : [id];
    }),
  );
  const running = views.filter((view) => wanted.has(view.record.id) && isRunning(view) && view.state);
  return {
    networks,
    up: networks.filter(({ id }) => isUp(roots, id)).map(({ id }) => id),
    containers,
    spaces: Object.fromEntries(running.map(({ record, state }) => [record.id, gatherSpace(state?.pid)])),
    names: Object.fromEntries(running.map((view) => [view.record.id, namesOf(roots, view)])),
    ...gatherHost(networks),
  };
}

function namesOf(roots: Roots, { record, state }: ContainerView) {
  const own = record.config.names?.servers ?? [];
  const servers = own.length > 0 ? own : serversOf(readIfAny('/etc/resolv.conf') ?? '');
  const networks = (record.attachments ?? []).map(({ network }) => network);
  return gatherNames(namePlaces(roots.runRoot), { id: record.id, pid: state?.pid ?? 0, servers }, networks);
}

function factsOf(roots: Roots, views: readonly ContainerView[], view: ContainerView): ContainerFacts {
  const { id, name, config, attachments = [], ports = [] } = view.record;
  const store = new NetworkStore(roots.dataRoot);
  const networks = networksOf(config);
  const idOf = (text: string) => store.idOf(text) ?? text;
  const mode = modeOf(roots, views, config.network);
  return {
    id,
    name,
    status: view.status,
    mode,
    attachments: mode === 'networks' ? attachments : [],
    ports,
    links: Object.assign({}, ...networks.map(({ links = {} }) => links)),
    aliases: Object.fromEntries(networks.map(({ network, aliases = [] }) => [idOf(network), aliases])),
  };
}

function modeOf(
  roots: Roots,
  views: readonly ContainerView[],
  network: ContainerView['record']['config']['network'],
): ContainerFacts['mode'] {
  if (network === 'none' || network === 'host') return network;
  if (!isOther(network)) return 'networks';
  const other = views.find(
    ({ record }) => record.name === network.container || record.id === network.container,
  );
  return {
    container: other?.record.id ?? findIfThere(roots, network.container)?.record.id ?? network.container,
  };
}

function sideOf(roots: Roots, views: readonly ContainerView[], text: string): Side {
  if (text === 'host') return { kind: 'host', text };
  if (text === 'internet') return { kind: 'outside', text };
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (isIPv4(address) || isIPv6(address)) return addressed(views, address);
  const view = findIfThere(roots, text) ?? aliased(views, text);
  if (view) return { kind: 'container', id: view.record.id, text, by: 'name' };
  const names = [...views.map(({ record }) => record.name), 'host', 'internet'];
  const guess = names.find((name) => isLike(name, text));
  return { kind: 'unknown', text, ...(guess !== undefined && { near: guess }) };
}

const aliased = (views: readonly ContainerView[], text: string): ContainerView | undefined =>
  views.find(
    (view) =>
      isRunning(view) && networksOf(view.record.config).some(({ aliases = [] }) => aliases.includes(text)),
  );

/** Of a container that runs; what is the host's is seen later. */
function addressed(views: readonly ContainerView[], address: string): Side {
  const view = views.find(
    (each) =>
      isRunning(each) &&
      each.record.attachments?.some(({ addresses }) => addresses.some((cidr) => hostOf(cidr) === address)),
  );
  if (view) return { kind: 'container', id: view.record.id, text: address, by: 'address' };
  return { kind: 'outside', text: address, address };
}

function asHost({ host }: DiagnoseFacts, side: Side): Side {
  if (side.kind !== 'outside' || side.address === undefined) return side;
  const isOwn =
    side.address.startsWith('127.') || host.addresses.some(({ cidr }) => hostOf(cidr) === side.address);
  return isOwn ? { kind: 'host', text: side.text, address: side.address } : side;
}

/** One begins as the other does, or a letter is too much. */
const isLike = (name: string, text: string): boolean =>
  (text.length > 1 && (name.startsWith(text) || text.startsWith(name))) ||
  (Math.abs(name.length - text.length) < 2 &&
    [...text].some((_, at) => {
      const rest = text.slice(0, at) + text.slice(at + 1);
      return (
        rest === name || [...name].some((__, index) => rest === name.slice(0, index) + name.slice(index + 1))
      );
    }));
