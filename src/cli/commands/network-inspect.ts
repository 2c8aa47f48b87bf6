import { findNetwork } from '../../engine/networks/networks.ts';
import { describeNetworkOf } from '../../views/networks.ts';
import type { Command } from '../command.ts';
import { printObjects } from '../output/objects.ts';

export const command: Command = {
  usage: '[options] NETWORK [NETWORK...]',
  examples: [
    'tinyrun network inspect web',
    "tinyrun network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' web",
  ],
  define(program, context) {
    program
      .argument('<network...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .option('-v, --verbose', 'nothing more is known: Docker has it for clusters')
      .action((names: string[], { format }: { format?: string }) =>
        printObjects(names, format, context, (name) => describeNetworkOf(findNetwork(context, name))),
      );
  },
};
