import { writeFileSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../../errors.ts';
import { hostFacts } from '../../runtime/host.ts';
import { rootlessTemplate, specTemplate } from '../../spec/template.ts';
import type { Spec } from '../../spec/types.ts';
import { join } from '../../store/join.ts';
import type { Verb } from '../verb.ts';

/** Writes config.json, never over an existing one. */
function writeConfig(path: string, spec: Spec): void {
  try {
    writeFileSync(path, JSON.stringify(spec, undefined, '\t'), { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new TinyrunError('BUNDLE', 'File config.json exists. Remove it first', {
      hint: 'or write the new one into another directory: --bundle DIR',
    });
  }
}

export const verb: Verb = {
  usage: '[command options] [arguments...]',
  flags: [
    { names: ['bundle', 'b'], kind: 'string', help: 'path to the root of the bundle directory' },
    { names: ['rootless'], kind: 'bool', help: 'generate a configuration for a rootless container' },
  ],
  arguments: [0, 0],
  run({ flags }) {
    const { uid, gid, cgroup } = hostFacts();
    const cgroup2 = cgroup.mode === 'v2';
    const spec = flags.bool('rootless') ? rootlessTemplate({ uid, gid, cgroup2 }) : specTemplate(cgroup2);
    writeConfig(join(flags.string('bundle') ?? '.', 'config.json'), spec);
    return 0;
  },
};
