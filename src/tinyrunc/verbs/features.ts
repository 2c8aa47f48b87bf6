import { writeSync } from 'node:fs';
import { featuresDocument } from '../../runtime/features.ts';
import type { Verb } from '../verb.ts';
import { SPEC_VERSION, VERSION } from '../version.ts';

export const verb: Verb = {
  usage: '',
  flags: [],
  arguments: [0, 0],
  run() {
    writeSync(1, `${JSON.stringify(featuresDocument(VERSION, SPEC_VERSION), undefined, 4)}\n`);
    return 0;
  },
};
