import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'CONTAINER [PORT[/PROTOCOL]]',
  examples: ['tinyrun port web', 'tinyrun port web 80/tcp'],
  define(program, context) {
    program
      .argument('<container>')
      .argument('[port]')
      .action((container: string, port?: string) => {
        // there is no way yet to publish one
        createEngine(context).find(container);
        if (port !== undefined) throw unpublished(container, port);
      });
  },
};

const MOST = 65535;

/** In Docker's words. */
function unpublished(container: string, text: string): TinyrunError {
  const [port = ''] = text.split('/');
  if (!/^\d{1,5}$/.test(port) || Number(port) > MOST)
    return new TinyrunError('USAGE', `invalid port (${port})`, { hint: `ports go from 0 to ${MOST}` });
  return new TinyrunError('USAGE', `No public port '${text}' published for ${container}`, {
    hint: 'with --network host the ports of a container are those of the host',
  });
}
