import { familyOf } from '../../address.ts';
import type { Check, DiagnoseFacts, ListenerFact, Question } from '../facts.ts';
import { addressIn, isSame, nameOf, type Way, wayOf } from '../way.ts';

// Whether a program is there to answer.

const isLoopback = (address: string): boolean => /^(127\.|::1$|::ffff:127\.)/.test(address);
const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

interface Heard {
  readonly way: Way;
  readonly name: string;
  readonly port: number;
  /** Who listens at the port, and everywhere. */
  readonly there: readonly ListenerFact[];
  readonly all: readonly ListenerFact[];
}

function heard(facts: DiagnoseFacts, question: Question): Heard | undefined {
  const way = wayOf(facts, question);
  const { to, port } = way;
  if (port === undefined || !to.space || to.kind === 'outside') return undefined;
  const all = to.space.listeners.filter(({ protocol }) => protocol === question.protocol);
  return { way, name: nameOf(to, question.to), port, all, there: all.filter((one) => one.port === port) };
}

const placeOf = ({ address, port }: ListenerFact): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;

const program = ({ to }: Way, name: string): string =>
  to.kind === 'host' ? 'have a program listen there' : `tinyrun logs ${name} tells what its program says`;

/** What is left open to others, with the port that it has: most often it is another port that is meant. */
const nobody: Check = (facts, question) => {
  const found = heard(facts, question);
  if (!found || found.there.length > 0) return undefined;
  const { name, port, all, way } = found;
  const others = all.filter(({ address }) => !isLoopback(address));
  const ports = [...new Set(others.map((one) => one.port))].sort((a, b) => a - b).slice(0, MOST);
  const list = ports.map((each) => `${each}/${question.protocol}`).join(', ');
  const led =
    way.published && way.published.host !== port
      ? ` (where port ${way.published.host} of the host leads)`
      : '';
  return {
    id: 'nobody-listens',
    at: 'listener',
    says: `nothing in ${name} listens at port ${port}/${question.protocol}${led}; ${list ? `something does at ${list}` : 'nor at any other port that others reach'}`,
    mend:
      ports.length === 1 && way.published
        ? `publish that one: -p ${way.published.host}:${ports[0]}`
        : ports.length === 1
          ? `ask port ${ports[0]}`
          : program(way, name),
  };
};

const MOST = 8;

const loopback: Check = (facts, question) => {
  const found = heard(facts, question);
  if (!found || found.there.length === 0 || isSame(found.way)) return undefined;
  const [first] = found.there;
  if (!first || !found.there.every(({ address }) => isLoopback(address))) return undefined;
  const { name, port } = found;
  return {
    id: 'loopback-only',
    at: 'listener',
    says: `the program in ${name} listens at ${placeOf(first)} alone: that is ${name === 'the host' ? "the host's" : 'its'} own loopback, which nobody else reaches`,
    mend: `have it listen at 0.0.0.0:${port} (most programs: --host 0.0.0.0, bind 0.0.0.0)`,
  };
};

/** At an address that is not the one it is asked at. One at :: takes IPv4, too, in all but a few programs. */
const elsewhere: Check = (facts, question) => {
  const found = heard(facts, question);
  if (!found || found.there.length === 0 || isSame(found.way) || found.way.to.kind !== 'container')
    return undefined;
  const { way, there, name } = found;
  const asked = way.in && addressIn(way.in, way.family);
  const fits = ({ address }: ListenerFact) =>
    isAny(address)
      ? familyOf(address) === way.family || address === '::'
      : address === asked || address === `::ffff:${asked}`;
  const open = there.filter(({ address }) => !isLoopback(address));
  const [first] = open;
  if (!first || open.some(fits)) return undefined;
  return {
    id: 'other-address',
    at: 'listener',
    says: `the program in ${name} listens at ${placeOf(first)}, and is asked at ${asked ?? `IPv${way.family}`}`,
    mend: `have it listen at ${way.family === 4 ? '0.0.0.0' : '[::]'}:${found.port}`,
  };
};

export const LISTENER: readonly Check[] = [nobody, loopback, elsewhere];
