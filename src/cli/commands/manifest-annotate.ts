import { TinyrunError } from '../../errors.ts';
import type { ManifestList } from '../../image/lists.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';

interface Flags {
  readonly arch?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

export const command: Command = {
  usage: '[options] MANIFEST_LIST MANIFEST',
  examples: ['tinyrun manifest annotate host/app:1 host/app:1-arm --arch arm --variant v7'],
  define(program, context) {
    program
      .argument('<list>')
      .argument('<manifest>')
      .option('--arch <ARCH>')
      .option('--os <OS>')
      .option('--variant <VARIANT>')
      .option('--os-version <VERSION>')
      .option('--os-features <FEATURE>', 'may be given many times', collect)
      .action((name: string, member: string, flags: Flags) => change(name, member, flags, context));
  },
};

async function change(name: string, member: string, flags: Flags, context: Context): Promise<void> {
  const { fullName, ListStore } = await import('../../image/lists.ts');
  const store = new ListStore(context.dataRoot);
  const list = store.get(name);
  const wanted = fullName(member);
  if (!list.members.some(({ reference }) => reference === wanted))
    throw new TinyrunError('IMAGE_NOT_FOUND', `${member} is not in manifest list ${name}`);
  const members = list.members.map((one) => (one.reference === wanted ? annotated(one, flags) : one));
  store.set({ ...list, members });
}

function annotated(member: ManifestList['members'][number], flags: Flags): ManifestList['members'][number] {
  const { platform = { os: 'linux', architecture: 'amd64' } } = member.descriptor;
  const changed = {
    ...platform,
    ...(flags.os !== undefined && { os: flags.os }),
    ...(flags.arch !== undefined && { architecture: flags.arch }),
    ...(flags.variant !== undefined && { variant: flags.variant }),
    ...(flags.osVersion !== undefined && { 'os.version': flags.osVersion }),
    ...(flags.osFeatures !== undefined && { 'os.features': [...flags.osFeatures] }),
  };
  return { ...member, descriptor: { ...member.descriptor, platform: changed } };
}
