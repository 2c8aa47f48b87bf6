import { TinyrunError } from '../errors.ts';

// What Docker has and tinyrun is going to have. Whoever builds a row takes it out here: a test refuses rows that exist.

/** Verbs, and subcommands of groups that there are. */
export const PLANNED_VERBS: ReadonlySet<string> = new Set([...'builder buildx compose'.split(' '), 'sbom']);

/** Flags by verb. */
export const PLANNED_FLAGS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['run', new Set(['--volume-driver'])],
  ['create', new Set(['--volume-driver'])],
  ['start', new Set('--checkpoint --checkpoint-dir'.split(' '))],
  ['rm', new Set(['--link', '-l'])],
]);

/** What is Docker's and is not going to be: why, and what to do. */
const REFUSED: ReadonlyMap<string, readonly [why: string, instead: string]> = new Map([
  [
    '--link-local-ip',
    ['addresses of the link alone are not given', 'the kernel makes one; --ip6 gives one of the network'],
  ],
  [
    '--storage-opt',
    ['the layer of a container has no options', 'a quota of the file system below the data root limits it'],
  ],
  [
    '--use-api-socket',
    ['there is no daemon whose socket a container could have', 'tinyrun in the container needs none'],
  ],
]);

/** The refusal of a verb to come, `image build` of a group; undefined for other words. */
export function plannedVerb(path: string): TinyrunError | undefined {
  if (!PLANNED_VERBS.has(path)) return undefined;
  const group = path.split(' ').slice(0, -1);
  return new TinyrunError('UNSUPPORTED', `${path} is not there yet`, {
    hint: `${['tinyrun', ...group].join(' ')} --help lists what this version can do`,
  });
}

/** The refusal of a flag to come; `given` as it stands on the command line: `-dit`, `--restart=always`, `-p80:80`. */
export function plannedFlag(verb: string, given: string): TinyrunError | undefined {
  const flags = PLANNED_FLAGS.get(verb);
  const names = given.startsWith('--')
    ? [given.split('=')[0] ?? '']
    : [...given.slice(1)].map((c) => `-${c}`);
  const refused = ['run', 'create'].includes(verb) ? REFUSED.get(names[0] ?? '') : undefined;
  if (refused) return new TinyrunError('FLAG', `${names[0]}: ${refused[0]}`, { hint: refused[1] });
  const flag = names.find((name) => flags?.has(name));
  if (flag === undefined) return undefined;
  return new TinyrunError('FLAG', `${flag} is not there yet`, {
    hint: `tinyrun ${verb} --help lists what this version can do`,
  });
}
