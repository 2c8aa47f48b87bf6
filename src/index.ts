/**
 * tinyrun as a library. `run` is the whole of it for most; `createEngine` gives the verbs of the command line over
 * the same roots or one's own; `compile`, `explainPlan` and the OCI types are for those who want to look at a container as
 * the plan that it is.
 *
 * @packageDocumentation
 */
import type { ContainerConfig } from './engine/config/types.ts';
import { createEngine } from './library/engine.ts';
import type { RunOptions, RunResult } from './library/types.ts';

export { ConfigError } from './engine/config/error.ts';
export type {
  BindConfig,
  ContainerConfig,
  DeviceConfig,
  DiskLimit,
  ExecConfig,
  HealthConfig,
  HostEntry,
  ImageMountConfig,
  JsonFileConfig,
  Limits,
  LogConfig,
  MountConfig,
  NameLookup,
  NamespaceMode,
  Namespaces,
  NetworkConfig,
  OtherContainer,
  PortConfig,
  Propagation,
  Relabel,
  RestartConfig,
  Rlimit,
  SeccompProfile,
  SecurityConfig,
  TmpfsConfig,
  VolumeConfig,
} from './engine/config/types.ts';
export type { UpdateConfig } from './engine/config/update.ts';
export type { Rehearsed } from './engine/deeds/aloud.ts';
export type { Deed } from './engine/deeds/deed.ts';
export type { Explained } from './engine/engine.ts';
export type { EventOptions } from './engine/events/events.ts';
export type { DetachedExec } from './engine/exec/monitored.ts';
export type { WhyReport } from './engine/explain-end.ts';
export type { Change } from './engine/files/changes.ts';
export type { CommitOptions } from './engine/files/commit.ts';
export type { Copied, CopyOptions } from './engine/files/copy.ts';
export type { Swept } from './engine/garbage.ts';
export type { SystemInfo } from './engine/info.ts';
export type { LogLine, LogOptions } from './engine/logs.ts';
export type { NetworkOptions } from './engine/networks/create.ts';
export type { NetworkView, PrunedNetworks } from './engine/networks/networks.ts';
export type { PoolOptions } from './engine/networks/pools.ts';
export type { Endpoint } from './engine/networks/users.ts';
export type { Top } from './engine/processes.ts';
export type { Pruned } from './engine/prune.ts';
export type { PrunedImages } from './engine/prune-images.ts';
export type {
  ContainerExit,
  ContainerRecord,
  ContainerView,
  HealthState,
  MountPoint,
} from './engine/record.ts';
export type { Watch } from './engine/run.ts';
export type { Sent } from './engine/sent.ts';
export type { StartedAll } from './engine/start-all.ts';
export type { ContainerStats, StatsOptions } from './engine/stats.ts';
export type { Usage } from './engine/stats-numbers.ts';
export type { ContainerStatus } from './engine/status.ts';
export type { StopOptions } from './engine/stop.ts';
export type { StoppedAll } from './engine/stop-all.ts';
export type { CreateOptions, Lifeline, RunControl } from './engine/types.ts';
export type { PrunedVolumes, VolumeOptions, VolumeView } from './engine/volumes/volumes.ts';
export type { Reason, Why } from './engine/why.ts';
export { ERRORS, type ErrorCode, isTinyrunError, TinyrunError } from './errors.ts';
export type { StoredImage } from './image/entry.ts';
export type { OnProgress, Progress } from './image/progress.ts';
export type { Pulled } from './image/pull.ts';
export type { Pushed } from './image/push.ts';
export type { Removed } from './image/remove.ts';
export type { ImageRecord, Platform } from './image/types.ts';
export type { ImageView } from './image/view.ts';
export type {
  AttachedExec,
  Container,
  ExecAsked,
  ExecEnd,
  StartedContainer,
} from './library/container-types.ts';
export { createEngine } from './library/engine.ts';
export type { Engine } from './library/engine-types.ts';
export type { Images, TransferOptions } from './library/images.ts';
export { linesOf } from './library/lines.ts';
export type { Networks } from './library/networks.ts';
export { RunError } from './library/result.ts';
export type {
  ExecResult,
  InputOption,
  OutputOption,
  ProcessOptions,
  ProcessResult,
  Running,
  RunOptions,
  RunResult,
} from './library/types.ts';
export type { Volumes } from './library/volumes.ts';
export { WaitError, type WaitErrorCode } from './library/wait/error.ts';
export type {
  ContainerEnd,
  LogMatch,
  WaitFor,
  WaitForExit,
  WaitForHealth,
  WaitForLog,
  WaitForPort,
  WaitOptions,
  WaitResult,
} from './library/wait/types.ts';
export { native, SyscallError } from './native/index.ts';
export type { Fd, NativeAddon } from './native/types.ts';
export type { Address, Attachment, Cidr, NetworkRecord, Pool } from './network/types.ts';
export { compile } from './plan/compile/index.ts';
export type { Compiled, CompileOptions } from './plan/compile/options.ts';
export { decode } from './plan/decode.ts';
export { encode } from './plan/encode.ts';
export { explainPlan, planAsJson } from './plan/explain.ts';
export type { HostFacts } from './plan/host.ts';
export type { Plan, Step, Undo } from './plan/types.ts';
export { hostFacts } from './runtime/host.ts';
export { defaultSpec } from './spec/defaults.ts';
export { defaultSeccomp } from './spec/seccomp.ts';
export type { Spec } from './spec/types.ts';
export type {
  ContainerAction,
  ContainerEvent,
  EngineEvent,
  EventType,
  ImageAction,
  ImageEvent,
  NetworkAction,
  NetworkEvent,
  VolumeAction,
  VolumeEvent,
} from './store/event-types.ts';
export { type Roots, resolveRoots } from './store/paths.ts';

/** What `run` takes beside what the container is: how it is made and run, and where things lie. */
export interface RunSettings extends RunOptions {
  /** Default: TINYRUN_ROOT, then /var/lib/tinyrun. */
  readonly dataRoot?: string;
  /** Default: TINYRUN_RUN_ROOT, then /run/tinyrun. */
  readonly runRoot?: string;
}

/**
 * Runs a container and waits for it.
 *
 * @returns how it ended; a program that fails is a result, unless `reject` says otherwise
 * @throws TinyrunError when it could not be started; `exitCode` is what a command should end with (125, 126, 127)
 * @throws RunError with `reject`
 * @example
 * import { run } from 'tinyrun';
 * const hello = { image: 'busybox', args: ['echo', 'hello'], autoRemove: true };
 * const { exitCode, stdout } = await run(hello, { stdout: 'pipe', timeout: 5000 });
 * console.log(exitCode, stdout); // 0 hello
 */
export function run<const O extends RunSettings>(
  config: ContainerConfig,
  settings?: O,
): Promise<RunResult<O>> {
  return createEngine(settings).run(config, settings);
}
