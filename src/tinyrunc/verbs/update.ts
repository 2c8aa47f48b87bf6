import { readFileSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { updateContainer } from '../../runtime/update.ts';
import { parseJson } from '../../spec/parse.ts';
import type { LinuxResources } from '../../spec/types.ts';
import { summary, validateResources } from '../../spec/validate/index.ts';
import type { Parsed } from '../args.ts';
import { loadContainer } from '../container.ts';
import { NOT_RUNNING, refuse } from '../refusals.ts';
import { resourcesFromFlags, UPDATE_FLAGS } from '../resources.ts';
import type { Verb } from '../verb.ts';

const STDIN = 0;

/** What would be refused halfway is refused before anything is written. */
function checked(value: unknown, source: string, hint = 'mend the named field'): LinuxResources {
  const { errors } = validateResources(value);
  if (errors.length > 0) throw new TinyrunError('SPEC_INVALID', `${source}: ${summary(errors)}`, { hint });
  return value as LinuxResources;
}

const readResources = (source: string): LinuxResources =>
  checked(parseJson(readFileSync(source === '-' ? STDIN : source, 'utf8'), source), source);

/** A document stands alone: runc does not look at the other flags then. */
function requested(flags: Parsed): LinuxResources {
  const source = flags.string('resources');
  if (source) return readResources(source);
  if (flags.has('l3-cache-schema') || flags.has('mem-bw-schema')) {
    throw new TinyrunError('UNSUPPORTED', 'Intel RDT: intelRdt is not enabled', {
      hint: 'tinyrunc features shows what is supported',
    });
  }
  return checked(resourcesFromFlags(flags), 'update', 'tinyrunc update --help lists the limits');
}

export const verb: Verb = {
  usage: '[command options] <container-id>',
  flags: UPDATE_FLAGS,
  arguments: [1, 1],
  async run({ root, log, flags }) {
    const container = loadContainer(root, flags.args[0] ?? '');
    const resources = requested(flags);
    if (container.status === 'stopped')
      refuse(NOT_RUNNING, 'limits are of living processes: change config.json for the next one');
    await updateContainer(container, resources, (message) => log.warn(message));
    return 0;
  },
};
