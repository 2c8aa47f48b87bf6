import { TinyrunError } from '../../errors.ts';
import type { ManifestList } from '../../image/lists.ts';
import type { Command, Context } from '../command.ts';

interface Flags {
  readonly amend?: boolean;
}

export const command: Command = {
  usage: '[options] MANIFEST_LIST MANIFEST [MANIFEST...]',
  examples: ['tinyrun manifest create host/app:1 host/app:1-amd64 host/app:1-arm64'],
  define(program, context) {
    program
      .argument('<list>')
      .argument('<manifest...>')
      .option('-a, --amend', 'add to a list that exists')
      .option('--insecure', 'accepted for Docker’s sake')
      .action((name: string, members: string[], flags: Flags) => make(name, members, flags, context));
  },
};

async function make(name: string, members: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { fetchMember, fullName, ListStore } = await import('../../image/lists.ts');
  const store = new ListStore(context.dataRoot);
  const before = store.find(name);
  if (before && !flags.amend)
    throw new TinyrunError('USAGE', `manifest list ${name} exists`, {
      hint: 'add to it with --amend, or remove it with tinyrun manifest rm',
    });
  const added: ManifestList['members'][number][] = [];
  for (const member of members)
    added.push({ reference: fullName(member), descriptor: (await fetchMember(member)).descriptor });
  const kept = (before?.members ?? []).filter(
    ({ reference }) => !added.some((one) => one.reference === reference),
  );
  store.set({ name: fullName(name), members: [...kept, ...added] });
  context.out(`Created manifest list ${fullName(name)}\n`);
}
