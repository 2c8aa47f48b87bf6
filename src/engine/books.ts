import { dirname } from 'node:path';
import { familyOf, hostOf } from '../network/address.ts';
import { leasesDir } from '../network/up.ts';
import { appendToFile, removeTree, replaceFile } from '../plan/calls/compound.ts';
import { calls, octal, quote } from '../plan/calls/format.ts';
import type { Aside, Asides } from '../plan/explain.ts';
import type { Plan } from '../plan/types.ts';
import { undoSteps } from '../plan/undo.ts';
import { execPath } from '../runtime/execs.ts';
import { eventsPath } from '../store/events.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import { hasPolicy } from './again.ts';
import type { Blueprint } from './blueprint.ts';
import { type ContainerPaths, containerPaths, EXIT_FILE, rootfsPoint } from './layout.ts';
import { Names } from './names.ts';
import type { ContainerRecord } from './record.ts';
import type { RunControl } from './types.ts';

const mkdir = (path: string, mode: number): string => `mkdir(${quote(path)}, ${octal(mode)})`;
const write = (path: string, mode: number): string => `write(${quote(path)}, ${octal(mode)})`;

/**
 * What `run` does to the system and no step of its plan tells: the engine's own books. test/integration/plan/strace.test.ts
 * finds nothing else. The end begins with the undo list.
 */
export function booksOf(
  roots: Roots,
  blueprint: Blueprint,
  paths: ContainerPaths,
  plan: Plan,
  control: RunControl,
): Asides {
  const monitored = control.lifeline === 'monitor';
  const name = quote(join(roots.dataRoot, 'names', control.name?.replace(/^\//, '') || 'ADJECTIVE_SURNAME'));
  return {
    before: [
      ...claimEntries(paths),
      {
        syscall: `symlink(${quote(blueprint.record.id)}, ${name})`,
        why: 'its name, which one container has',
      },
      ...leaseEntries(roots, blueprint, paths),
      ...dataEntries(roots, blueprint, paths),
      ...(control.cidfile === undefined
        ? []
        : [{ syscall: write(control.cidfile, 0o644), why: 'its id, where it was asked for' }]),
      ...policyEntries(blueprint, paths),
      { syscall: replaceFile(paths.record), why: 'what was asked for, and what came of it' },
      ...birthEntries(paths, plan, monitored),
      told(roots),
    ],
    after: endEntries(blueprint, paths, plan, { name, monitored }),
  };
}

/** The same of `start`. */
export function booksOfStart(
  roots: Roots,
  blueprint: Blueprint & { readonly record: ContainerRecord },
  paths: ContainerPaths,
  plan: Plan,
): Asides {
  const name = quote(new Names(roots.dataRoot).path(blueprint.record.name));
  return {
    before: [
      ...claimEntries(paths),
      ...leaseEntries(roots, blueprint, paths),
      ...hostEntries(blueprint, paths),
      ...policyEntries(blueprint, paths),
      { syscall: replaceFile(paths.record), why: 'it is wanted running; how it was stays until it does' },
      { syscall: `unlink(${quote(paths.exit)})`, why: 'how it ended before, which is written there now' },
      ...birthEntries(paths, plan, true),
      told(roots),
    ],
    after: endEntries(blueprint, paths, plan, { name, monitored: true }),
  };
}

/** The same of `exec`, once its program runs, and when it has ended. */
export function booksOfExec(roots: Roots, { id }: { readonly id: string }, isKept: boolean): Asides {
  const exec = execPath(containerPaths(roots, id).run, 'ID');
  const kept: Aside = {
    syscall: calls(`mkdir(${quote(exec)}, 0700)`, `symlink("PID:START", ${quote(`${exec}/process`)})`),
    why: 'of its monitor, which removes it at its end; the socket to join it by',
  };
  const plain: Aside = {
    syscall: `symlink("PID:START:PID:START", ${quote(exec)})`,
    why: 'which it is, and who waits for it, as long as it runs',
  };
  return { before: isKept ? [kept] : [], after: [...(isKept ? [] : [plain]), told(roots)] };
}

const told = (roots: Roots): Aside => ({
  syscall: appendToFile(eventsPath(roots)),
  why: 'what happens to it, for who follows the events',
});

const policyEntries = ({ record }: Blueprint, paths: ContainerPaths): Aside[] =>
  hasPolicy(record) ? [{ syscall: replaceFile(paths.restart), why: 'its monitor is to start it again' }] : [];

const claimEntries = ({ run }: ContainerPaths): Aside[] => [
  { syscall: mkdir(run, 0o700), why: 'what is true of it until its end' },
  { syscall: write(join(run, 'lock'), 0o600), why: 'held by its parent: free, it is to be swept' },
];

/** Its networks are up by then: what that takes is their own plan. */
function leaseEntries(roots: Roots, { attached }: Blueprint, { run }: ContainerPaths): Aside[] {
  return (attached?.attachments ?? []).flatMap(({ network, addresses }) =>
    addresses.map((cidr) => {
      const address = hostOf(cidr);
      const own = `${run}/lease-${network}-${familyOf(address)}`;
      const directory = leasesDir(roots, network);
      const syscall = calls(
        write(own, 0o600),
        `link(${quote(own)}, ${quote(`${directory}/${address}`)})`,
        write(`${directory}/cursor`, 0o600),
      );
      return { syscall, why: 'an address is its own as long as this file is there' };
    }),
  );
}

const birthEntries = ({ run }: ContainerPaths, plan: Plan, monitored: boolean): Aside[] => [
  { syscall: write(join(run, 'config.json'), 0o600), why: 'the specification of this plan' },
  { syscall: replaceFile(join(run, 'journal.01-start')), why: 'what takes the plan back' },
  ...(monitored ? [monitorEntry(plan)] : []),
];

function endEntries(
  { config, record }: Blueprint,
  paths: ContainerPaths,
  plan: Plan,
  { name, monitored }: { name: string; monitored: boolean },
): Aside[] {
  return [
    ...(monitored
      ? [
          { syscall: replaceFile(join(paths.run, EXIT_FILE)), why: 'how it ended' },
          { syscall: replaceFile(paths.exit), why: 'the same, as long as the container is kept' },
        ]
      : []),
    ...(undoSteps(plan).length > 0
      ? [{ syscall: `unlink(${quote(join(paths.run, 'journal.01-start'))})`, why: 'taken back' }]
      : []),
    ...(config.autoRemove ? removalEntries(name, paths, record) : keptEntries(paths, monitored)),
    { syscall: removeTree(paths.run), why: 'nothing of it runs any more' },
  ];
}

/** What a container keeps on disk. */
function dataEntries(roots: Roots, blueprint: Blueprint, paths: ContainerPaths): Aside[] {
  const { spec } = blueprint;
  const { uidMappings: [uids] = [], gidMappings: [gids] = [] } = spec.linux ?? {};
  return [
    { syscall: mkdir(rootfsPoint(roots), 0o700), why: 'where each container sees its root: empty' },
    { syscall: mkdir(paths.data, 0o700), why: 'what it keeps' },
    {
      syscall: calls(
        mkdir(paths.upper, 0o755),
        `chmod(${quote(paths.upper)}, 0755)`,
        uids && gids && `chown(${quote(paths.upper)}, ${uids.hostID}, ${gids.hostID})`,
      ),
      why: 'what it will write',
    },
    { syscall: mkdir(paths.work, 0o700), why: 'overlayfs wants it beside that' },
    ...hostEntries(blueprint, paths),
  ];
}

/** What of the host it is to see. */
const hostEntries = ({ files, missingSources, record }: Blueprint, paths: ContainerPaths): Aside[] => [
  ...volumeEntries(record.mounts),
  ...files.map(({ name }) => {
    const path = join(paths.data, name);
    return {
      syscall: calls(write(path, 0o644), `chmod(${quote(path)}, 0644)`),
      why: 'bound into its /etc',
    };
  }),
  ...missingSources.map((path) => ({
    syscall: `mkdir(${quote(path)}, 0755) and what leads to it`,
    why: 'a directory to bind that is missing',
  })),
];

const volumeEntries = (mounts: ContainerRecord['mounts']): Aside[] =>
  mounts.flatMap(({ volume, source }) =>
    volume
      ? [
          {
            syscall: calls(
              `mkdir(${quote(source)}, 0755)`,
              replaceFile(join(dirname(source), 'volume.json')),
            ),
            why: `the volume ${volume.name}, where it is missing, in a temporary directory at first`,
          },
          {
            syscall: calls(
              `chmod(${quote(source)}, 01000)`,
              replaceFile(join(dirname(source), 'volume.json')),
            ),
            why: 'where nothing of an image is in it yet: to be filled, and filled',
          },
        ]
      : [],
  );

function monitorEntry({ steps }: Plan): Aside {
  const group = steps.find(({ op }) => op === 'cgroupCreate');
  const path =
    group?.op === 'cgroupCreate' ? join(group.args.root, group.args.path, '../monitors') : undefined;
  return {
    syscall: calls(
      path !== undefined && `mkdir(${quote(path)}, 0755) and what leads to it`,
      `clone3({flags=CLONE_PIDFD|CLONE_VFORK${path === undefined ? '' : '|CLONE_INTO_CGROUP'}})`,
      'execveat(tinyrun-init)',
    ),
    why: 'its monitor, who runs the plan and waits for the end',
  };
}

const removalEntries = (name: string, paths: ContainerPaths, { mounts }: Blueprint['record']): Aside[] => [
  ...mounts.flatMap(({ volume, source }) =>
    volume?.anonymous
      ? [{ syscall: removeTree(dirname(source)), why: 'it was for this container alone' }]
      : [],
  ),
  { syscall: `unlink(${name})`, why: 'its name is free' },
  { syscall: removeTree(paths.data), why: 'it was to be removed' },
];

/** A monitor has written it to exit.json. */
const keptEntries = (paths: ContainerPaths, monitored: boolean): Aside[] =>
  monitored ? [] : [{ syscall: replaceFile(paths.record), why: 'how it ended' }];
