import { type Roots, resolveRoots } from '../store/paths.ts';
import { imagined, redraw } from './blueprint.ts';
import { ConfigError } from './config/error.ts';
import type { FindPid } from './config/namespaces.ts';
import { withDefaultNetwork } from './config/network.ts';
import type { ContainerConfig } from './config/types.ts';
import type { Engine, Explained } from './contract.ts';
import { makeContainer } from './create.ts';
import { execContainer, planExec } from './exec/exec.ts';
import { containerPaths } from './layout.ts';
import {
  findContainer,
  findIfThere,
  listContainers,
  missedAs,
  removeContainer,
  signalContainer,
} from './manage.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { planOf } from './plan.ts';
import { prepare } from './prepare.ts';
import { lifelineOf, runBlueprint, runDetached } from './run.ts';
import { startAttached, startContainer } from './start.ts';
import { isRunning } from './status.ts';
import { restartContainer, stopContainer, waitForContainer } from './stop.ts';
import { sweepRunning } from './sweep.ts';

export type { Engine, Explained } from './contract.ts';

/**
 * An engine over a data root and a run root, made when missing. Without: `TINYRUN_ROOT` and `TINYRUN_RUN_ROOT`, then
 * the command line's own, /var/lib/tinyrun and /run/tinyrun.
 */
export function createEngine(
  given: { dataRoot?: string | undefined; runRoot?: string | undefined } = {},
): Engine {
  const roots = resolveRoots(given, process.env);
  const findPid = (container: string, field: string) => runningPid(roots, container, field);
  const inNetwork = (config: ContainerConfig) => withDefaultNetwork(config, process.env.TINYRUN_NETWORK);
  return {
    roots,
    async run(config, control = {}, watch) {
      return runBlueprint(roots, await prepare(roots, inNetwork(config), control, findPid), control, watch);
    },
    runDetached: async (config, options = {}) =>
      runDetached(roots, await prepare(roots, inNetwork(config), options, findPid), options),
    async explain(config, control = {}) {
      const { booksOf } = await import('./books.ts');
      const blueprint = imagined(await prepare(roots, inNetwork(config), control, findPid));
      const paths = containerPaths(roots, blueprint.record.id);
      const lifeline = lifelineOf(blueprint, control);
      const { plan } = planOf(roots, blueprint, paths, lifeline);
      const books = booksOf(roots, blueprint, paths, plan, { ...control, lifeline });
      return { spec: blueprint.spec, plan, books };
    },
    async *logs(container, options) {
      const { logsOf } = await import('./logs.ts');
      for await (const lines of logsOf(roots, container, options)) yield* lines;
    },
    async *events(options) {
      const { eventsOf } = await import('./events/events.ts');
      for await (const { event } of eventsOf(roots, options)) yield event;
    },
    async create(config, options = {}) {
      const blueprint = await prepare(roots, inNetwork(config), options, (name, field) =>
        pidIfRunning(roots, name, field),
      );
      sweepRunning(roots);
      // refused limits are found by the compiler: before anything is made
      planOf(roots, blueprint, containerPaths(roots, blueprint.record.id), 'monitor');
      return makeContainer(roots, blueprint, options);
    },
    start: (container) => missedAs(container, () => startContainer(roots, container, findPid)),
    explainStart: (container) => explainStart(roots, container, findPid),
    startAttached: (container, options = {}) =>
      missedAs(container, () => startAttached(roots, container, findPid, options)),
    stop: (container, options) => missedAs(container, () => stopContainer(roots, container, options)),
    restart: (container, options = {}) =>
      missedAs(container, () => restartContainer(roots, container, options, findPid)),
    startAll: async () => (await import('./start-all.ts')).startAll(roots, findPid),
    stopAll: async () => (await import('./stop-all.ts')).stopAll(roots),
    wait: (container) => waitForContainer(roots, container),
    pause: (container) => pauseContainer(roots, container),
    unpause: (container) => unpauseContainer(roots, container),
    rename: (container, name) =>
      missedAs(container, async () => {
        const { renameContainer } = await import('./rename.ts');
        await renameContainer(roots, container, name);
      }),
    update: (container, asked, warn) =>
      missedAs(container, async () =>
        (await import('./update.ts')).updateContainer(roots, container, asked, warn),
      ),
    async prune(filters) {
      const { pruneContainers } = await import('./prune.ts');
      return pruneContainers(roots, filters);
    },
    list: (onDamaged = () => {}) => listContainers(roots, onDamaged),
    exec: (container, config, control = {}, watch = {}) =>
      execContainer(roots, container, config, control, watch),
    execDetached: async (container, config) =>
      (await import('./exec/monitored.ts')).execAlone(roots, container, config),
    attachExec: async (container, id, onOutput) =>
      (await import('./exec/attach.ts')).attachExec(roots, container, id, onOutput),
    explainExec: (container, config, { detach } = {}) =>
      planExec(roots, container, config, detach ? { isKept: true } : {}).plan,
    info: async (onDamaged = () => {}) => {
      const { systemInfo } = await import('./info.ts');
      return systemInfo(roots, onDamaged);
    },
    stats: async function* (containers = [], options = {}) {
      const { statsOf } = await import('./stats.ts');
      yield* statsOf(roots, containers, options);
    },
    copyIn: async (names, options = {}) => {
      const { copyIn } = await import('./files/copy.ts');
      return await copyIn(roots, names, options);
    },
    copyOut: async (names, options = {}) => {
      const { copyOut } = await import('./files/copy.ts');
      return await copyOut(roots, names, options);
    },
    top: async (container, options = []) => {
      const { topContainer } = await import('./top.ts');
      return await topContainer(roots, container, options);
    },
    diff: async (container) => {
      const { diffContainer } = await import('./files/diff.ts');
      return diffContainer(roots, container);
    },
    commit: async (container, options) =>
      (await import('./files/commit.ts')).commitContainer(roots, container, options),
    why: async (container, { lines = 5 } = {}) =>
      (await import('./explain-end.ts')).explainEnd(roots, container, lines, findPid),
    find: (container) => findContainer(roots, container),
    kill: (container, signal = 'KILL') => signalContainer(roots, container, signal),
    remove: (container, { force = false, volumes = false } = {}) =>
      removeContainer(roots, container, force, volumes),
    createNetwork: async (options, warn) =>
      (await import('./networks/create.ts')).createNetwork(roots, options, warn),
    networks: async (filters = [], onDamaged = () => {}) =>
      (await import('./networks/networks.ts')).listNetworks(roots, filters, onDamaged),
    findNetwork: async (network) => (await import('./networks/networks.ts')).findNetwork(roots, network),
    removeNetwork: async (network, options) =>
      (await import('./networks/networks.ts')).removeNetwork(roots, network, options),
    pruneNetworks: async (filters) => (await import('./networks/networks.ts')).pruneNetworks(roots, filters),
    reloadNetworks: async () => (await import('./networks/reload.ts')).reloadNetworks(roots),
    networkGraph: async () => (await import('./networks/diagnose.ts')).networkGraph(roots),
    whyNetwork: async (asked) => (await import('./networks/diagnose.ts')).whyNetwork(roots, asked),
    connect: async (network, container, config) =>
      (await import('./networks/connect.ts')).connect(roots, network, container, config),
    disconnect: async (network, container, options) =>
      (await import('./networks/connect.ts')).disconnect(roots, network, container, options),
    createVolume: async (options = {}) => (await import('./volumes/volumes.ts')).createVolume(roots, options),
    volumes: async (filters = [], onDamaged = () => {}) =>
      (await import('./volumes/volumes.ts')).listVolumes(roots, filters, onDamaged),
    findVolume: async (name) => (await import('./volumes/volumes.ts')).findVolume(roots, name),
    removeVolume: async (name, options) =>
      (await import('./volumes/volumes.ts')).removeVolume(roots, name, options),
    pruneImages: async (options) => (await import('./prune-images.ts')).pruneStored(roots, options),
    rehearse: async (act) => (await import('./deeds/aloud.ts')).rehearse(roots, act),
    trace: async (act, onDeed) => (await import('./deeds/aloud.ts')).aloud(roots, act, onDeed),
    collectGarbage: async (options) => (await import('./garbage.ts')).collectGarbage(roots, options),
    pruneVolumes: async (options) => (await import('./volumes/volumes.ts')).pruneVolumes(roots, options),
  };
}

async function explainStart(roots: Roots, container: string, findPid: FindPid): Promise<Explained> {
  const { booksOfStart } = await import('./books.ts');
  const { record } = findContainer(roots, container);
  const blueprint = imagined({ ...(await redraw(roots, record, findPid)), record });
  const paths = containerPaths(roots, record.id);
  const { plan } = planOf(roots, blueprint, paths, 'monitor');
  return { spec: blueprint.spec, plan, books: booksOfStart(roots, blueprint, paths, plan) };
}

/** A container whose namespace is to be joined must be running. */
export function runningPid(roots: Roots, container: string, field: string): number {
  const pid = pidIfRunning(roots, container, field);
  if (pid === 0) throw refusal(field, 'that container is not running');
  return pid;
}

/** It must be there; 0 where it does not run yet, which is for `start` to find. */
function pidIfRunning(roots: Roots, container: string, field: string): number {
  const view = findIfThere(roots, container);
  if (!view) throw refusal(field, 'no such container');
  return view.state && isRunning(view) ? view.state.pid : 0;
}

const refusal = (field: string, problem: string): ConfigError =>
  new ConfigError(field, problem, { hint: 'tinyrun ps lists the running ones' });
