import type { WayReport } from '../engine/networks/diagnose.ts';
import { familyOf, hostOf } from '../network/address.ts';
import { type Finding, type Side, STAGES, type Stage } from '../network/diagnose/facts.ts';
import { addressIn, isRouted, isSame, nameOf, networkIn, type Way, wayOf } from '../network/diagnose/way.ts';

/** One stage of the way: what is there, or what breaks. */
export interface Pace {
  readonly at: Stage;
  readonly works: boolean;
  readonly says: string;
}

/** Stage by stage, to where it breaks. */
export function walkOf(report: WayReport): Pace[] {
  const [broken] = report.findings;
  const way = wayOf(report.facts, report.question);
  const paces: Pace[] = [];
  for (const at of STAGES) {
    if (broken?.at === at) return [...paces, { at, works: false, says: broken.says }];
    paces.push({ at, works: true, says: FINE[at](report, way) });
  }
  return paces;
}

const FINE: Readonly<Record<Stage, (report: WayReport, way: Way) => string>> = {
  name: ({ question }, way) => placeOf(way, question.to),
  route: routeText,
  neighbour: neighbourText,
  rule: ruleText,
  listener: listenerText,
};

function placeOf(way: Way, to: Side): string {
  const { to: end, in: into, family } = way;
  if (isSame(way)) return `${nameOf(end, to)}: both have the same network`;
  const address = into && addressIn(into, family);
  return address === undefined || address === nameOf(end, to)
    ? nameOf(end, to)
    : `${nameOf(end, to)} is ${address}`;
}

function routeText({ facts }: WayReport, way: Way): string {
  if (isSame(way)) return 'its own loopback';
  const { out, in: into, network, family } = way;
  const uplink =
    facts.host.routes.find(({ to }) => to.endsWith('/0') && familyOf(to) === family)?.device ?? 'the host';
  const start = out
    ? [out.as, networkIn(facts, out)?.link ?? '']
    : [way.from.kind === 'host' ? 'host' : uplink];
  const end = into
    ? [networkIn(facts, into)?.link ?? '', into.as]
    : [way.to.kind === 'host' ? 'host' : uplink];
  const all = network ? [...start, ...end.slice(1)] : [...start, ...end];
  return `${all.join(' → ')}${network ? ` (network ${network.name})` : ''}`;
}

function neighbourText({ facts }: WayReport, way: Way): string {
  const { in: into, network, from, family } = way;
  const address = into && addressIn(into, family);
  if (isSame(way) || !address) return 'nobody to be looked for';
  const space = network ? from.space : facts.host;
  const known = space?.neighbours.find((each) => each.address === address && !/^[0:]+$/.test(each.mac));
  return known ? `${address} is at ${known.mac}` : `${address} has not been asked for yet`;
}

function ruleText({ facts, question }: WayReport, way: Way): string {
  const { published, in: into, out, from, network } = way;
  if (isSame(way)) return 'none';
  if (published && into)
    return `port ${published.host}/${published.protocol} of ${published.address ?? 'the host'} leads to ${addressIn(into, way.family) ?? hostOf(into.addresses[0] ?? '')}:${published.container}`;
  if (network) return 'neighbours of one bridge: nothing is asked';
  const masquerade = out && way.to.kind === 'outside' && networkIn(facts, out)?.masquerade;
  if (masquerade) return 'it leaves with the address of the host';
  const isDirect = from.kind === 'host' && into && question.port !== undefined;
  if (isDirect)
    return `the host itself reaches it at its address; nobody else does: port ${question.port} is not published`;
  return isRouted(way) ? 'the host lets it through' : 'nothing drops it';
}

function listenerText({ question }: WayReport, { to, port }: Way): string {
  if (port === undefined) return 'not asked about: put a port behind the names';
  if (to.kind === 'outside') return `what answers at port ${port} out there is not looked at`;
  const found = to.space?.listeners.find((one) => one.port === port && one.protocol === question.protocol);
  if (!found) return 'not seen';
  const place = found.address.includes(':') ? `[${found.address}]` : found.address;
  return `a program listens at ${place}:${port}/${question.protocol}`;
}

/** For programs, and templates. */
export const describeWay = (report: WayReport) => {
  const { question, findings } = report;
  const [first] = findings;
  return {
    From: question.from.text,
    To: question.to.text,
    Port: question.port ?? null,
    Protocol: question.protocol,
    Works: findings.length === 0,
    At: first?.at ?? '',
    ID: first?.id ?? '',
    Says: first?.says ?? '',
    Mend: first?.mend ?? '',
    Findings: findings.map(({ id, at, says, mend }: Finding) => ({ ID: id, At: at, Says: says, Mend: mend })),
    Walk: walkOf(report).map(({ at, works, says }) => ({ At: at, Works: works, Says: says })),
  };
};
