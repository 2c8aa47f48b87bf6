import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id> <command> [command options]  || -p process.json <container-id>',
  flags: [],
  stopAtArgument: true,
  arguments: [1, Number.POSITIVE_INFINITY],
  failureCode: 255,
  failurePrefix: 'exec failed',
  run() {
    return 0;
  },
};
