import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { sweep, sweepAbandoned, type Unneeded, unneeded } from '../image/gc.ts';
import { ImageStore } from '../image/store.ts';
import { AT_FDCWD } from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import { halfMade, takeBackHalfMade } from '../network/up.ts';
import { isAbandoned } from '../runtime/dir.ts';
import { execPath, execsLeft } from '../runtime/execs.ts';
import { hostFacts } from '../runtime/host.ts';
import { namesIn } from '../runtime/journal.ts';
import { launchSync } from '../runtime/launch.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import { readIfAny } from '../store/read.ts';
import { takeBackExecs } from './exec/execs.ts';
import { imageUsers } from './image-users.ts';
import { containerPaths, containersDir, rootfsPoint, runningDir } from './layout.ts';
import { Names } from './names.ts';
import { intentIn } from './networks/intent.ts';
import { containerIds, neverStarted, readRecord } from './record.ts';
import { sweepAll } from './sweep.ts';

/** Something that a crash left. */
export interface Swept {
  readonly kind: 'container' | 'exec' | 'name' | 'network' | 'file' | 'image' | 'cgroup' | 'mount';
  readonly path: string;
  /** Bytes that are free again. */
  readonly size: number;
  /** It could not be taken back. */
  readonly error?: Error;
}

/** What nobody can be at any more: a file is written and renamed, a cgroup joined, in less. */
const OLD_MS = 10 * 60_000;

/**
 * Takes back what a crash left: containers whose parent was killed or that were half made, their further programs, names of nobody, networks that were
 * coming up, or that a container was coming into, files that were
 * being written, blobs and layers that no image has, cgroups and mounts without a container. `dryRun`: only tells.
 */
export async function collectGarbage(roots: Roots, { dryRun = false } = {}): Promise<readonly Swept[]> {
  const found = [...containersLeft(roots), ...programsLeft(roots), ...namesLeft(roots)];
  if (!dryRun) {
    sweepPrograms(roots);
    sweepAll(roots);
  }
  const networks = await networksLeft(roots, dryRun);
  const told = dryRun ? found : found.map((one) => stillThere(one));
  return [
    ...told,
    ...networks,
    ...mountsLeft(roots).map((path) => taken('mount', { path, size: 0 }, dryRun, unmount)),
    ...cgroupsLeft().map((path) => taken('cgroup', { path, size: 0 }, dryRun, removeCgroup)),
    ...filesLeft(roots).map((one) => taken('file', one, dryRun, removeTree)),
    ...imagesLeft(roots, dryRun),
  ];
}

function taken(
  kind: Swept['kind'],
  { path, size }: Unneeded,
  dryRun: boolean,
  take: (path: string) => void,
): Swept {
  try {
    if (!dryRun) take(path);
    return { kind, path, size };
  } catch (error) {
    return { kind, path, size: 0, error: error as Error };
  }
}

/** What a sweep could not take back is `dead`, and says why. */
const stillThere = (one: Swept): Swept =>
  one.kind === 'container' && isAbandoned(one.path)
    ? { ...one, error: new TinyrunError('CLEANUP', `${one.path} cannot be taken back`) }
    : one;

/** Whose parent was killed; and what has no record, or was never seen to end, and nobody is at. */
function containersLeft(roots: Roots): Swept[] {
  const running = namesIn(runningDir(roots)).flatMap((id): Swept[] => {
    const path = join(runningDir(roots), id);
    return isAbandoned(path) ? [{ kind: 'container', path, size: 0 }] : [];
  });
  const kept = containerIds(roots).flatMap((id): Swept[] => {
    const { run, data } = containerPaths(roots, id);
    return existsSync(run) || isWhole(roots, id) ? [] : [{ kind: 'container', path: data, size: 0 }];
  });
  return [...running, ...kept];
}

/** Further programs of those that run. */
const programsLeft = (roots: Roots): Swept[] =>
  namesIn(runningDir(roots)).flatMap((id) => {
    const run = join(runningDir(roots), id);
    return execsLeft(run).map((exec): Swept => ({ kind: 'exec', path: execPath(run, exec), size: 0 }));
  });

/** Those that were coming up or going down, and containers that were coming into one, or leaving it. */
async function networksLeft(roots: Roots, dryRun: boolean): Promise<Swept[]> {
  const half = halfMade(roots).map((path) =>
    taken('network', { path, size: 0 }, dryRun, (dir) => takeBackHalfMade(roots, dir)),
  );
  const between = namesIn(runningDir(roots)).filter((id) => intentIn(join(runningDir(roots), id)));
  if (!dryRun && between.length > 0) {
    const { settleNetworks } = await import('./networks/connect.ts');
    for (const id of between) await settleNetworks(roots, id);
  }
  return [
    ...half,
    ...between.map((id): Swept => ({ kind: 'network', path: join(runningDir(roots), id), size: 0 })),
  ];
}

function sweepPrograms(roots: Roots): void {
  for (const id of namesIn(runningDir(roots))) {
    const record = isWhole(roots, id) ? undefined : readRecord(roots, id);
    if (record) takeBackExecs(roots, record);
  }
}

/** One that is damaged is for a person to look at. */
function isWhole(roots: Roots, id: string): boolean {
  try {
    const record = readRecord(roots, id);
    return (
      record !== undefined &&
      (neverStarted(record) || record.exit !== undefined) &&
      !(record.exit && record.config.autoRemove)
    );
  } catch {
    return true;
  }
}

function namesLeft(roots: Roots): Swept[] {
  const names = new Names(roots.dataRoot);
  return names.all().flatMap((name): Swept[] => {
    const id = names.holder(name);
    if (id === undefined) return [];
    const { run, data } = containerPaths(roots, id);
    return existsSync(run) || existsSync(data) ? [] : [{ kind: 'name', path: names.path(name), size: 0 }];
  });
}

/** Below the directories that files are written in: nothing that containers wrote is looked at. */
function filesLeft(roots: Roots): Unneeded[] {
  const { dataRoot, runRoot } = roots;
  const dirs = [
    dataRoot,
    runRoot,
    join(dataRoot, 'volumes'),
    join(dataRoot, 'networks'),
    join(dataRoot, 'images'),
    join(dataRoot, 'images/blobs/sha256'),
    ...childrenOf(containersDir(roots)),
    ...childrenOf(runningDir(roots)),
    ...childrenOf(join(dataRoot, 'volumes')),
    ...childrenOf(join(runRoot, 'names')),
  ];
  return dirs.flatMap((dir) =>
    childrenOf(dir)
      .filter((path) => path.startsWith(`${dir}/.tmp-`))
      .flatMap((path): Unneeded[] => {
        const stat = lstatSync(path, { throwIfNoEntry: false });
        return stat && Date.now() - stat.ctimeMs > OLD_MS
          ? [{ path, size: stat.isFile() ? stat.size : 0 }]
          : [];
      }),
  );
}

function childrenOf(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}

const removeTree = (path: string): void => native().removeTree(AT_FDCWD, path);

/** Of containers of whatever roots: one that has no process, and has had none for a while. */
function cgroupsLeft(): string[] {
  const { unifiedRoot } = hostFacts().cgroup;
  if (unifiedRoot === undefined) return [];
  return childrenOf(join(unifiedRoot, 'tinyrun')).filter((path) => {
    if (!/\/[0-9a-f]{64}$/.test(path)) return false;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const events = readIfAny(join(path, 'cgroup.events')) ?? '';
    return stat !== undefined && Date.now() - stat.ctimeMs > OLD_MS && /^populated 0$/m.test(events);
  });
}

const WHY = { lane: 'host', why: 'nobody has it any more' } as const;

const removeCgroup = (path: string): void =>
  void launchSync({ plan: { steps: [{ ...WHY, op: 'cgroupRemove', args: { path } }] } });

const unmount = (path: string): void =>
  void launchSync({ plan: { steps: [{ ...WHY, op: 'umount', args: { path, flags: 0 } }] } });

/** Of the host's tree, at places where only containers have mounts of their own. */
function mountsLeft(roots: Roots): string[] {
  const point = rootfsPoint(roots);
  const live = (path: string) => {
    const [id = ''] = path.slice(runningDir(roots).length + 1).split('/');
    return existsSync(join(runningDir(roots), id)) && !isAbandoned(join(runningDir(roots), id));
  };
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, code) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .filter((path) => path === point || (path.startsWith(`${runningDir(roots)}/`) && !live(path)))
    .reverse();
}

function imagesLeft(roots: Roots, dryRun: boolean): Swept[] {
  const store = new ImageStore(roots.dataRoot);
  const { inUse } = imageUsers(roots);
  const found = unneeded(store, inUse);
  if (!dryRun && found.length > 0) {
    sweep(store, inUse);
    sweepAbandoned(store);
  }
  return found.map(({ path, size }) => ({ kind: 'image', path, size }));
}
