// What is told of, in Docker's words.

/** What happens to a container; what an exec runs is part of what happened. */
export type ContainerAction =
  | 'archive-path'
  | 'attach'
  | 'commit'
  | 'create'
  | 'destroy'
  | 'detach'
  | 'die'
  | `exec_create: ${string}`
  | 'exec_detach'
  | 'exec_die'
  | `exec_start: ${string}`
  | 'export'
  | 'extract-to-dir'
  | 'health_status: healthy'
  | 'health_status: unhealthy'
  | 'kill'
  | 'oom'
  | 'pause'
  | 'prune'
  | 'rename'
  | 'restart'
  | 'start'
  | 'stop'
  | 'top'
  | 'unpause'
  | 'update';

export type ImageAction = 'delete' | 'import' | 'load' | 'prune' | 'pull' | 'push' | 'save' | 'tag' | 'untag';

export type VolumeAction = 'create' | 'destroy' | 'mount' | 'prune' | 'unmount';

export type NetworkAction = 'connect' | 'create' | 'destroy' | 'disconnect' | 'prune';

interface EventOf<Type extends string, Action extends string> {
  readonly Type: Type;
  readonly Action: Action;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  /** Seconds since 1970. */
  readonly time: number;
  /** As near as a number comes to it: the last two or three digits are not told. */
  readonly timeNano: number;
}

/** `Actor.Attributes` has `image`, `name`, its labels, and what the action adds: `exitCode`, `signal`, `execID` … */
export interface ContainerEvent extends EventOf<'container', ContainerAction> {
  readonly status: ContainerAction;
  readonly id: string;
  /** Its image. */
  readonly from?: string;
}

export interface ImageEvent extends EventOf<'image', ImageAction> {
  readonly status: ImageAction;
  readonly id: string;
  readonly from?: undefined;
}

export interface VolumeEvent extends EventOf<'volume', VolumeAction> {
  readonly status?: undefined;
  readonly id?: undefined;
  readonly from?: undefined;
}

/** `Actor.Attributes` has `name`, `type`, which is its driver, and of who comes and goes `container`. */
export interface NetworkEvent extends EventOf<'network', NetworkAction> {
  readonly status?: undefined;
  readonly id?: undefined;
  readonly from?: undefined;
}

/** What happened, in Docker's shape; `Type` tells which. */
export type EngineEvent = ContainerEvent | ImageEvent | VolumeEvent | NetworkEvent;
export type EventType = EngineEvent['Type'];

/** What is told; when is now. */
export type Happening = {
  readonly [T in EventType]: {
    readonly type: T;
    readonly action: Extract<EngineEvent, { Type: T }>['Action'];
    readonly id: string;
    readonly attributes: Readonly<Record<string, string>>;
    /** Of a container: its image. */
    readonly from?: string;
  };
}[EventType];
