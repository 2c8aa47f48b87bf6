import type { ManifestList } from '../../image/lists.ts';
import { toJson } from '../../store/text.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { addCommand } from '../program.ts';

const inspect: Command = {
  name: 'inspect',
  summary: 'show a manifest or an index as the registry has it',
  usage: '[options] [MANIFEST_LIST] MANIFEST',
  examples: ['tinyrun manifest inspect alpine', 'tinyrun manifest inspect --verbose alpine'],
  define(program, context) {
    program
      .argument('<name>')
      .argument('[manifest]')
      .option('-v, --verbose', 'each manifest with its descriptor')
      .option('--insecure', 'accepted for Docker’s sake: registries.json says which registries are')
      .action((name: string, member: string | undefined, flags: { verbose?: boolean }) =>
        show(name, member, flags, context),
      );
  },
};

async function show(
  name: string,
  member: string | undefined,
  flags: { verbose?: boolean },
  context: Context,
): Promise<void> {
  const { ListStore, toIndex } = await import('../../image/lists.ts');
  const list = new ListStore(context.dataRoot).find(name);
  if (list && member === undefined && !flags.verbose) return print(toIndex(list), context);
  const { inspectManifest } = await import('../../image/manifest-inspect.ts');
  print(await inspectManifest(member ?? name, flags.verbose ?? false), context);
}

const print = (value: unknown, context: Context): void => context.out(`${toJson(value, '\t')}\n`);

const create: Command = {
  name: 'create',
  summary: 'put manifests of a registry together as a list, locally',
  usage: '[options] MANIFEST_LIST MANIFEST [MANIFEST...]',
  examples: ['tinyrun manifest create host/app:1 host/app:1-amd64 host/app:1-arm64'],
  define(program, context) {
    program
      .argument('<list>')
      .argument('<manifest...>')
      .option('-a, --amend', 'add to a list that exists')
      .option('--insecure', 'accepted for Docker’s sake')
      .action((name: string, members: string[], flags: { amend?: boolean }) =>
        make(name, members, flags, context),
      );
  },
};

async function make(
  name: string,
  members: readonly string[],
  flags: { amend?: boolean },
  context: Context,
): Promise<void> {
  const { fetchMember, fullName, ListStore } = await import('../../image/lists.ts');
  const { TinyrunError } = await import('../../errors.ts');
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

interface Annotation {
  readonly arch?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

const annotate: Command = {
  name: 'annotate',
  summary: 'change the platform of a member of a list',
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
      .action((name: string, member: string, flags: Annotation) => change(name, member, flags, context));
  },
};

async function change(name: string, member: string, flags: Annotation, context: Context): Promise<void> {
  const { fullName, ListStore } = await import('../../image/lists.ts');
  const { TinyrunError } = await import('../../errors.ts');
  const store = new ListStore(context.dataRoot);
  const list = store.get(name);
  const wanted = fullName(member);
  if (!list.members.some(({ reference }) => reference === wanted))
    throw new TinyrunError('IMAGE_NOT_FOUND', `${member} is not in manifest list ${name}`);
  const members = list.members.map((one) => (one.reference === wanted ? annotated(one, flags) : one));
  store.set({ ...list, members });
}

function annotated(
  member: ManifestList['members'][number],
  flags: Annotation,
): ManifestList['members'][number] {
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

const push: Command = {
  name: 'push',
  summary: 'upload a list to its repository',
  usage: '[options] MANIFEST_LIST',
  examples: ['tinyrun manifest push --purge host/app:1'],
  define(program, context) {
    program
      .argument('<list>')
      .option('-p, --purge', 'remove the local list afterwards')
      .option('--insecure', 'accepted for Docker’s sake')
      .action(async (name: string, flags: { purge?: boolean }) => {
        const { ListStore, pushList } = await import('../../image/lists.ts');
        const store = new ListStore(context.dataRoot);
        context.out(`${await pushList(store.get(name))}\n`);
        if (flags.purge) store.remove(name);
      });
  },
};

const rm: Command = {
  name: 'rm',
  summary: 'remove local lists',
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  examples: ['tinyrun manifest rm host/app:1'],
  define(program, context) {
    program.argument('<list...>').action(async (names: string[]) => {
      const { ListStore } = await import('../../image/lists.ts');
      for (const name of names) new ListStore(context.dataRoot).remove(name);
    });
  },
};

export const command: Command = {
  name: 'manifest',
  summary: 'look at manifests of registries, and make lists of them',
  usage: 'COMMAND',
  examples: ['tinyrun manifest inspect alpine'],
  define(program, context) {
    for (const member of [inspect, create, annotate, push, rm]) addCommand(program, member, context);
  },
};
