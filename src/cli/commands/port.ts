import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import { placesOf, placeText } from '../../views/ports.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'CONTAINER [PORT[/PROTOCOL]]',
  examples: ['tinyrun port web', 'tinyrun port web 80/tcp'],
  define(program, context) {
    program
      .argument('<container>')
      .argument('[port]')
      .action((container: string, port?: string) => {
        const places = placesOf(createEngine(context).find(container));
        if (port === undefined) {
          for (const place of places)
            context.out(`${place.container}/${place.protocol} -> ${placeText(place)}\n`);
          return;
        }
        const [number = '', protocol = 'tcp'] = port.split('/');
        if (!/^\d{1,5}$/.test(number) || Number(number) > MOST)
          throw new TinyrunError('USAGE', `invalid port (${number})`, { hint: `ports go from 0 to ${MOST}` });
        const found = places.filter(
          (place) => place.container === Number(number) && place.protocol === protocol,
        );
        if (found.length === 0) throw unpublished(container, port);
        for (const place of found) context.out(`${placeText(place)}\n`);
      });
  },
};

const MOST = 65535;

/** In Docker's words. */
const unpublished = (container: string, port: string): TinyrunError =>
  new TinyrunError('USAGE', `No public port '${port}' published for ${container}`, {
    hint: `tinyrun port ${container} lists those that are`,
  });
