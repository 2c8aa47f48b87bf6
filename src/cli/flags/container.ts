import type { Command as Program } from 'commander';
import type { CreateOptions, StandardStream } from '../../engine/types.ts';
import { TinyrunError } from '../../errors.ts';
import { parsePlatform } from '../../image/platform.ts';
import { collect, oneOf } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { readEnvFile } from './parse/env.ts';
import { parseExpose } from './parse/expose.ts';
import { parsePairs } from './parse/pairs.ts';

/** How it is made. */
export interface CreateFlags {
  readonly name?: string;
  readonly cidfile?: string;
  readonly pull?: CreateOptions['pull'];
  readonly quiet?: boolean;
  readonly attach?: readonly string[];
}

interface Flags extends CreateFlags {
  readonly rm?: boolean;
  readonly label?: readonly string[];
  readonly labelFile?: readonly string[];
  readonly expose?: readonly string[];
  readonly annotation?: readonly string[];
  readonly platform?: string;
}

/** The container as a whole, and how it is made. */
export const containerFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--name <NAME>', 'name of the container')
      .option('--rm', 'remove the container when it ends')
      .option('-l, --label <KEY=VALUE>', 'a label', collect)
      .option('--label-file <FILE>', 'read labels from a file', collect)
      .option('--annotation <KEY=VALUE>', 'an annotation of the OCI spec', collect)
      .option('--cidfile <FILE>', 'write the id there')
      .option('--pull <WHEN>', 'missing, never or always', oneOf('missing', 'never', 'always'))
      .option('-q, --quiet', 'say nothing of an image that is fetched')
      .option('--platform <OS/ARCH>', 'which of an image to take')
      .option('--expose <PORT>', 'a port that its program listens on, as in 80, 53/udp or 8000-8010', collect)
      .option('-a, --attach <STREAM>', 'join these streams only: STDIN, STDOUT or STDERR', collect),
  read: ({ rm, label, labelFile, annotation, platform, expose }) => ({
    autoRemove: rm,
    labels: labelsOf(label, labelFile),
    exposed: expose?.flatMap(parseExpose),
    annotations: annotation && parsePairs(annotation, '--annotation'),
    platform: platform === undefined ? undefined : parsePlatform(platform),
  }),
  names: { name: '--name %q', cidfile: '--cidfile %s', pull: '--pull %q', exposed: '--expose' },
};

export const createOptions = ({ name, cidfile, pull, quiet }: CreateFlags): CreateOptions => ({
  name,
  cidfile,
  pull,
  ...(quiet && { quiet }),
});

/** A file's lines come first; a key alone in one is none. */
function labelsOf(label: readonly string[] | undefined, files: readonly string[] = []) {
  if (label === undefined && files.length === 0) return undefined;
  const lines = files.flatMap((path) => readEnvFile(path, {}, '--label-file'));
  return { ...parsePairs(lines, '--label-file'), ...parsePairs(label ?? [], '--label') };
}

const STREAMS: readonly string[] = ['stdin', 'stdout', 'stderr'];

/** Of --attach, in Docker's words; undefined: all. */
export function attachedStreams({ attach }: CreateFlags): readonly StandardStream[] | undefined {
  const isStream = (word: string): word is StandardStream => STREAMS.includes(word);
  return attach?.map((given) => {
    const word = given.toLowerCase();
    if (isStream(word)) return word;
    throw new TinyrunError(
      'USAGE',
      `--attach ${JSON.stringify(given)}: valid streams are STDIN, STDOUT and STDERR`,
    );
  });
}
