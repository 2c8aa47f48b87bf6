import { TinyrunError } from '../../errors.ts';
import type { Verb } from '../verb.ts';

/** checkpoint and restore: known names that answer so, whatever flags they are given. */
export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  rawArguments: true,
  arguments: [0, Number.POSITIVE_INFINITY],
  run() {
    throw new TinyrunError('UNSUPPORTED', 'checkpoint and restore are not supported', {
      hint: 'run the container with runc or crun where CRIU is needed',
    });
  },
};
