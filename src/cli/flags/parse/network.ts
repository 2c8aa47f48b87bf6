import { isMac } from '../../../engine/config/network.ts';
import type { NetworkConfig } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';
import { isIPv4, isIPv6 } from '../../../spec/addresses.ts';
import { csvFields } from './csv.ts';
import { cut } from './pairs.ts';

/** `CONTAINER:ALIAS`, or `CONTAINER` alone, which is its own alias. */
export function parseLinks(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [container = '', alias = container, ...more] = entry.split(':');
      if (container === '' || alias === '' || more.length > 0)
        throw new TinyrunError('USAGE', `--link ${JSON.stringify(entry)}: bad format for links: ${entry}`, {
          hint: 'CONTAINER or CONTAINER:ALIAS',
        });
      return [alias, container];
    }),
  );
}

/** `KEY=VALUE` lists of --driver-opt. */
export const parseDriverOptions = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) =>
      driverOption(
        entry,
        (problem) => new TinyrunError('USAGE', `--driver-opt ${JSON.stringify(entry)}: ${problem}`),
      ),
    ),
  );

function driverOption(text: string, fail: (problem: string) => TinyrunError): [string, string] {
  const [key, value] = cut(text);
  if (value === undefined || key === '') throw fail('invalid key value pair format in driver options');
  return [key.trim().toLowerCase(), value.trim()];
}

/** What is asked for of one network. Fields are growing while the text is read. */
type Growing = { -readonly [K in keyof NetworkConfig]: NetworkConfig[K] };

/** Docker's way to tell its long form, in which fields stand: `name=web,alias=db`. */
const LONG = /\w+=\w+/;

/**
 * `NAME`, or Docker's `name=NAME,alias=…,ip=…,ip6=…,mac-address=…,gw-priority=…,driver-opt=…` with `interface-name=…`
 * besides; the name may stand alone in front.
 */
export function parseNetwork(text: string): NetworkConfig {
  const fail = (problem: string, hint?: string) =>
    new TinyrunError('USAGE', `--network ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});
  if (!LONG.test(text)) return { network: text };
  const network: Growing = { network: '' };
  for (const [index, field] of fieldsOf(text, fail).entries()) {
    const [key, value] = cut(field);
    if (value === undefined && index === 0) network.network = field.trim();
    else if (value === undefined || key === '') throw fail(`invalid field ${field}`);
    else take(network, key.trim().toLowerCase(), value.trim(), fail);
  }
  if (network.network === '') throw fail('network name/id is not specified');
  return network;
}

function fieldsOf(text: string, fail: (problem: string) => TinyrunError): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
}

const INTERFACE = 'com.docker.network.endpoint.ifname';

function take(
  network: Growing,
  key: string,
  value: string,
  fail: (problem: string, hint?: string) => TinyrunError,
): void {
  switch (key) {
    case 'name':
      network.network = value;
      return;
    case 'alias':
      network.aliases = [...(network.aliases ?? []), value];
      return;
    case 'ip':
      if (!isIPv4(value)) throw fail(`invalid IPv4 address: ${value}`);
      network.ipv4 = value;
      return;
    case 'ip6':
      if (!isIPv6(value)) throw fail(`invalid IPv6 address: ${value}`);
      network.ipv6 = value;
      return;
    case 'mac-address':
      if (!isMac(value)) throw fail(`${value} is not a valid mac address`);
      network.mac = value;
      return;
    case 'interface-name':
      network.interfaceName = value;
      return;
    case 'gw-priority':
      if (!/^[+-]?\d+$/.test(value)) throw fail(`invalid gw-priority (${value}): invalid syntax`);
      network.gatewayPriority = Number(value);
      return;
    case 'driver-opt': {
      const [option, setting] = driverOption(value, fail);
      network.options = { ...network.options, [option]: setting };
      if (option === INTERFACE) network.interfaceName = setting;
      return;
    }
    case 'link-local-ip':
      throw fail('addresses of the link alone are not given', 'ip6=… gives one of the network');
    default:
      throw fail(
        `invalid field key ${key}`,
        'name, alias, ip, ip6, mac-address, gw-priority, interface-name and driver-opt are the fields',
      );
  }
}
