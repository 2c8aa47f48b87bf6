import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { parseDriverOptions, parseLinks } from '../flags/parse/network.ts';
import { inFlags } from '../flags/word.ts';
import { collect, wholeNumber } from '../options.ts';

interface Flags {
  readonly alias?: readonly string[];
  readonly driverOpt?: readonly string[];
  readonly gwPriority?: number;
  readonly ip?: string;
  readonly ip6?: string;
  readonly link?: readonly string[];
  readonly linkLocalIp?: readonly string[];
}

export const command: Command = {
  usage: '[options] NETWORK CONTAINER',
  examples: ['tinyrun network connect web app', 'tinyrun network connect --alias db --ip 10.1.0.9 web app'],
  define(program, context) {
    program
      .argument('<network>')
      .argument('<container>')
      .option('--alias <NAME>', 'one more name of it there', collect)
      .option('--driver-opt <KEY=VALUE>', 'of the driver: docs/networks.md lists them', collect)
      .option('--gw-priority <NUMBER>', 'the highest of its networks has its default route (0)', wholeNumber)
      .option('--ip <ADDRESS>', 'its IPv4 address there; a free one without')
      .option('--ip6 <ADDRESS>', 'its IPv6 address there')
      .option('--link <CONTAINER:ALIAS>', 'what it calls another container there', collect)
      .option('--link-local-ip <ADDRESS>', 'refused: addresses of the link alone are not given', collect)
      .action((network: string, container: string, flags: Flags) =>
        connect(network, container, flags, context),
      );
  },
};

const NAMES = {
  'network.ipv4': '--ip %q',
  'network.ipv6': '--ip6 %q',
  'network.aliases': '--alias',
  'network.gatewayPriority': '--gw-priority %q',
};

async function connect(network: string, container: string, flags: Flags, context: Context): Promise<void> {
  if (flags.linkLocalIp)
    throw new TinyrunError('UNSUPPORTED', '--link-local-ip: addresses of the link alone are not given', {
      hint: '--ip6 gives one of the network',
    });
  const config = {
    aliases: flags.alias,
    ipv4: flags.ip,
    ipv6: flags.ip6,
    gatewayPriority: flags.gwPriority,
    links: flags.link && parseLinks(flags.link),
    options: flags.driverOpt && parseDriverOptions(flags.driverOpt),
  };
  try {
    await createEngine(context).connect(network, container, config);
  } catch (error) {
    throw inFlags(error, NAMES, { ...flags }, config);
  }
}
