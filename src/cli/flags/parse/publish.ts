import type { PortConfig } from '../../../engine/config/types.ts';
import type { PortChoice } from '../../../engine/config/update-ports.ts';
import { TinyrunError } from '../../../errors.ts';
import { isAddress } from '../../../spec/addresses.ts';
import { cut } from './pairs.ts';

type Fail = (problem: string) => TinyrunError;

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'] satisfies PortConfig['protocol'][];
const isProtocol = (text: string): text is PortConfig['protocol'] => PROTOCOLS.includes(text);

/**
 * `[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]`, where both ports may be ranges and an address of IPv6 stands in brackets, or
 * `published=8080,target=80,protocol=udp`. In the words of Docker's client.
 * @param bind where a port is published that names no address
 */
export function parsePublish(text: string, bind?: string): PortConfig {
  const fail: Fail = (problem) =>
    new TinyrunError('USAGE', `--publish ${JSON.stringify(text)}: ${problem}`, {
      hint: '[ADDRESS:][HOST:]CONTAINER[/PROTOCOL], as in 8080:80 or 127.0.0.1:53:53/udp',
    });
  const { address, host, container } = partsOf(text.includes('=') ? fromFields(text, fail) : text);
  const [ports, protocol = 'tcp'] = container.split('/', 2);
  if (!ports) throw fail(`no port specified: ${text}<empty>`);
  const name = protocol.toLowerCase() || 'tcp';
  if (!isProtocol(name)) throw fail(`invalid proto: ${name}`);
  const inside = rangeOf(ports) ?? refuse(fail, `invalid containerPort: ${ports}`);
  const outside = host === '' ? undefined : (rangeOf(host) ?? refuse(fail, `invalid hostPort: ${host}`));
  const place = addressOf(address, fail) ?? bind;
  return {
    protocol: name,
    container: inside.first,
    count: inside.count,
    ...hostOf(inside.count, outside, () =>
      fail(`invalid ranges specified for container and host Ports: ${ports} and ${host}`),
    ),
    ...(place !== undefined && { address: place }),
  };
}

/** What was published so, or all that leads to a port of the container: ranges are one each. */
export function parseUnpublish(text: string): PortChoice[] {
  const { protocol, container, host, address, count, choices = 1 } = parsePublish(text);
  if (choices > 1)
    throw new TinyrunError('USAGE', `--publish-rm ${JSON.stringify(text)}: a choice of ports names none`, {
      hint: 'the port of the host that there is, as tinyrun port says, or none at all',
    });
  return Array.from({ length: count }, (_, n) => ({
    protocol,
    container: container + n,
    ...(host !== undefined && { host: host + n }),
    ...(address !== undefined && { address }),
  }));
}

function refuse(fail: Fail, problem: string): never {
  throw fail(problem);
}

interface Range {
  readonly first: number;
  readonly count: number;
}

/** A host's range for one port of the container is a choice; port 0 is any. */
function hostOf(
  count: number,
  outside: Range | undefined,
  mismatch: () => TinyrunError,
): Pick<PortConfig, 'host' | 'choices'> {
  if (outside === undefined || outside.first === 0) return {};
  if (outside.count === count) return { host: outside.first };
  if (count > 1) throw mismatch();
  return { host: outside.first, choices: outside.count };
}

/** Ports are the last two of what colons divide: an address may have some of its own. */
function partsOf(text: string): { address: string; host: string; container: string } {
  const parts = text.split(':');
  const [container = '', host = ''] = [parts.at(-1), parts.at(-2)];
  return { address: parts.slice(0, -2).join(':'), host, container };
}

function addressOf(text: string, fail: Fail): string | undefined {
  if (text === '') return undefined;
  const [, bare = text] = /^\[(.*)\]$/.exec(text) ?? [];
  if (isAddress(bare)) return bare;
  throw fail(`invalid IP address: ${bare}`);
}

function rangeOf(text: string): Range | undefined {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === '' || Number(last) < Number(first) || Number(last) > 65_535) return undefined;
  return { first: Number(first), count: Number(last) - Number(first) + 1 };
}

/** Docker's long form, as it writes it itself. */
function fromFields(text: string, fail: Fail): string {
  const fields = new Map([['protocol', 'tcp']]);
  for (const field of text.split(',')) {
    const [key, value] = cut(field);
    if (value === undefined || key === '')
      throw fail(`invalid publish opts format (should be name=value but got '${field}')`);
    fields.set(key, value);
  }
  const of = (key: string) => fields.get(key) ?? '';
  return `${of('published')}:${of('target')}/${of('protocol')}`;
}
