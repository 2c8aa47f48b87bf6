import type { Command as Program } from 'commander';
import type { CreateOptions } from '../../engine/types.ts';
import { parsePlatform } from '../../image/platform.ts';
import { collect, oneOf } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parsePairs } from './parse/pairs.ts';

/** How it is made. */
export interface CreateFlags {
  readonly name?: string;
  readonly cidfile?: string;
  readonly pull?: CreateOptions['pull'];
}

interface Flags extends CreateFlags {
  readonly rm?: boolean;
  readonly label?: readonly string[];
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
      .option('--annotation <KEY=VALUE>', 'an annotation of the OCI spec', collect)
      .option('--cidfile <FILE>', 'write the id there')
      .option('--pull <WHEN>', 'missing, never or always', oneOf('missing', 'never', 'always'))
      .option('--platform <OS/ARCH>', 'which of an image to take'),
  read: ({ rm, label, annotation, platform }) => ({
    autoRemove: rm,
    labels: label && parsePairs(label, '--label'),
    annotations: annotation && parsePairs(annotation, '--annotation'),
    platform: platform === undefined ? undefined : parsePlatform(platform),
  }),
  names: { name: '--name %q', cidfile: '--cidfile %s', pull: '--pull %q' },
};

export const createOptions = ({ name, cidfile, pull }: CreateFlags): CreateOptions => ({
  name,
  cidfile,
  pull,
});
