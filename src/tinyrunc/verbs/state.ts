import { writeSync } from 'node:fs';
import { toJson } from '../../store/text.ts';
import { loadContainer } from '../container.ts';
import { describe } from '../describe.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  run({ root, flags }) {
    const container = loadContainer(root, flags.args[0] ?? '');
    writeSync(1, toJson(describe(container, ''), 2));
    return 0;
  },
};
