import { writeSync } from 'node:fs';
import { toJson } from '../../store/text.ts';
import { featuresDocument } from '../features.ts';
import type { Verb } from '../verb.ts';
import { SPEC_VERSION, VERSION } from '../version.ts';

export const verb: Verb = {
  usage: '',
  flags: [],
  arguments: [0, 0],
  run() {
    writeSync(1, `${toJson(featuresDocument(VERSION, SPEC_VERSION), 4)}\n`);
    return 0;
  },
};
