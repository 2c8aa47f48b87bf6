import { Option, type Command as Program } from 'commander';
import { isUserDefined } from '../../engine/config/network.ts';
import type { ContainerConfig, NetworkConfig } from '../../engine/config/types.ts';
import { TinyrunError } from '../../errors.ts';
import { isAddress } from '../../spec/addresses.ts';
import { collect } from '../options.ts';
import { setting, settingsDirectories } from '../settings.ts';
import type { FlagGroup, Host } from './group.ts';
import { parseLinks, parseNetwork } from './parse/network.ts';
import { parsePublish } from './parse/publish.ts';

interface Flags {
  readonly network?: readonly string[];
  /** Docker's older spellings. */
  readonly net?: readonly string[];
  readonly netAlias?: readonly string[];
  readonly networkAlias?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly macAddress?: string;
  readonly link?: readonly string[];
  readonly publish?: readonly string[];
  readonly publishAll?: boolean;
}

/** Where it is, and who reaches it. */
export const networkFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--network <NETWORK>', 'bridge (the default), NAME[,ip=…,…], none, host, container:ID', collect)
      .addOption(new Option('--net <NETWORK>').argParser(collect).hideHelp())
      .option('--network-alias <NAME>', 'one more name of it in its network', collect)
      .addOption(new Option('--net-alias <NAME>').argParser(collect).hideHelp())
      .option('--ip <ADDRESS>', 'its IPv4 address; a free one without')
      .option('--ip6 <ADDRESS>', 'its IPv6 address')
      .option('--mac-address <ADDRESS>', 'as in 02:42:ac:11:00:02')
      .option('--link <CONTAINER:ALIAS>', 'what it calls another container', collect)
      .option('-p, --publish <PORTS>', 'its port at one of the host: [ADDRESS:][HOST:]PORT[/udp]', collect)
      .option('-P, --publish-all', 'every exposed port, at free ones of the host'),
  read: (flags, host) => {
    const bind = flags.publish || flags.publishAll ? publishHost(host) : undefined;
    return {
      network: networkOf(flags),
      ports: flags.publish?.map((text) => parsePublish(text, bind)),
      publishAll: flags.publishAll,
      publishHost: flags.publishAll ? bind : undefined,
    };
  },
  names: {
    network: ['--network %q', '--net %q'],
    'network.container': ['--network %s', '--net %s'],
    'network.ipv4': '--ip',
    'network.ipv6': '--ip6',
    'network.mac': '--mac-address',
    'network.aliases': '--network-alias',
    ports: '--publish %q',
    publishAll: '--publish-all',
  },
};

/** Where `-p 80:80` is published that names no address: a setting of whoever calls, or of the host. */
export function publishHost({ env }: Host): string | undefined {
  const text = env.TINYRUN_PUBLISH_HOST ?? setting('publishHost', settingsDirectories(env));
  if (!text || isAddress(text)) return text || undefined;
  throw new TinyrunError('USAGE', `TINYRUN_PUBLISH_HOST ${JSON.stringify(text)}: invalid IP address`, {
    hint: 'an address of the host, as in 127.0.0.1',
  });
}

const MODES = ['none', 'host'];

/** A mode, or networks; what is said of a network without its name is said of the first. */
function networkOf(flags: Flags): ContainerConfig['network'] {
  const given = [...(flags.network ?? []), ...(flags.net ?? [])]
    .filter((text) => text !== '')
    .map(parseNetwork);
  const [first = { network: 'default' }, ...others] = given;
  if (others.length === 0) {
    const { network, ...settings } = first;
    const isMode = MODES.includes(network) || network.startsWith('container:');
    if (isMode && Object.keys(settings).length === 0) return modeOf(network, flags);
    if (network === 'default' && !isSaid(flags) && Object.keys(settings).length === 0) return undefined;
  }
  return [merged(first, flags), ...others].map((one) =>
    one.network === 'default' ? { ...one, network: 'bridge' } : one,
  );
}

const isSaid = (flags: Flags): boolean => SAID.some(([name]) => flags[name] !== undefined);

/** What the flags of a network have for those that name none. */
const SAID = [
  ['networkAlias', 'aliases', '--network-alias', 'alias'],
  ['netAlias', 'aliases', '--network-alias', 'alias'],
  ['link', 'links', '--link', 'links'],
  ['ip', 'ipv4', '--ip', 'IPv4 address'],
  ['ip6', 'ipv6', '--ip6', 'IPv6 address'],
  ['macAddress', 'mac', '--mac-address', 'MAC address'],
] as const satisfies readonly (readonly [keyof Flags, keyof NetworkConfig, string, string])[];

/** Docker's words. */
function merged(first: NetworkConfig, flags: Flags): NetworkConfig {
  for (const [name, field, flag, what] of SAID)
    if (flags[name] !== undefined && first[field] !== undefined)
      throw new TinyrunError(
        'USAGE',
        `conflicting options: cannot specify both ${flag} and per-network ${what}`,
        { hint: 'say it once, with its network' },
      );
  const aliases = [...(flags.networkAlias ?? []), ...(flags.netAlias ?? [])];
  if (aliases.length > 0 && !isUserDefined(first.network))
    throw new TinyrunError('USAGE', 'network-scoped aliases are only supported for user-defined networks', {
      hint: 'tinyrun network create makes one',
    });
  return {
    ...first,
    ...(aliases.length > 0 && { aliases }),
    ...(flags.link && { links: parseLinks(flags.link) }),
    ...(flags.ip && { ipv4: flags.ip }),
    ...(flags.ip6 && { ipv6: flags.ip6 }),
    ...(flags.macAddress && { mac: flags.macAddress.trim() }),
  };
}

/** What has no network of its own has none of its settings. */
function modeOf(network: string, flags: Flags): ContainerConfig['network'] {
  const isContainer = network.startsWith('container:');
  const refuse = (problem: string): never => {
    throw new TinyrunError('USAGE', `--network ${network}: ${problem}`, {
      hint: 'leave it out, or choose a network: tinyrun network ls',
    });
  };
  if (flags.link)
    refuse(
      `conflicting options: ${isContainer ? 'container type network' : `${network} type networking`} can't be used with links. This would result in undefined behavior`,
    );
  if (flags.networkAlias || flags.netAlias)
    refuse('network-scoped aliases are only supported for user-defined networks');
  if (flags.ip || flags.ip6) refuse('user specified IP address is supported on user defined networks only');
  if (flags.macAddress) refuse('conflicting options: mac-address and the network mode');
  if (isContainer) return { container: network.slice('container:'.length) };
  return network === 'host' ? 'host' : 'none';
}
