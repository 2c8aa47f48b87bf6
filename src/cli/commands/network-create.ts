import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { type NetworkFlags, networkOptions } from '../flags/network-create.ts';
import { collect } from '../options.ts';

export const command: Command = {
  usage: '[options] NETWORK',
  examples: [
    'tinyrun network create web',
    'tinyrun network create --subnet 10.1.0.0/16 --ip-range 10.1.4.0/22 web',
    'tinyrun network create --ipv6 --internal back',
    'tinyrun network create -o com.docker.network.bridge.name=web0 web',
  ],
  define(program, context) {
    program
      .argument('<network>')
      .option('-d, --driver <NAME>', 'bridge is the one there is')
      .option('--subnet <SUBNET>', 'as in 10.1.0.0/16, or its size alone: /24; a free one without', collect)
      .option('--gateway <ADDRESS>', "the bridge's own address; the first one without", collect)
      .option('--ip-range <SUBNET>', 'the part that containers get their addresses from', collect)
      .option('--aux-address <NAME=ADDRESS>', 'an address that is never given away', collect)
      .option('--internal', 'nothing but its own containers is reached from it')
      .option('--ipv4', 'it has IPv4, as it does without')
      .option('--no-ipv4', 'it has none, as --ipv4=false does')
      .option('--ipv6', 'it has IPv6')
      .option('--no-ipv6', 'it has none, as --ipv6=false does')
      .option('--label <KEY=VALUE>', 'a label', collect)
      .option('-o, --opt <KEY=VALUE>', 'of the driver: docs/networks.md lists them', collect)
      .option('--attachable', 'taken, and nothing: every container can be attached')
      .option('--scope <WORD>', 'local is the one there is')
      .option('--ipam-driver <NAME>', 'default is the one there is')
      .option('--ipam-opt <KEY=VALUE>', 'refused: addresses have no options', collect)
      .option('--ingress', 'refused: it is for clusters')
      .option('--config-only', 'refused: it is for clusters')
      .option('--config-from <NETWORK>', 'refused: it is for clusters')
      .action((name: string, flags: NetworkFlags) => create(name, flags, context));
  },
};

async function create(name: string, flags: NetworkFlags, context: Context): Promise<void> {
  const warn = (message: string) => context.err(`WARNING: ${message}\n`);
  const id = await createEngine(context).createNetwork(networkOptions(name, flags), warn);
  context.out(`${id}\n`);
}
