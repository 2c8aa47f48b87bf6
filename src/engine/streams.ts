import { openSync } from 'node:fs';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import type { Relay } from '../runtime/monitor/parent.ts';
import type { Spec } from '../spec/types.ts';
import type { ContainerConfig } from './config/types.ts';
import type { RunControl, StandardStream } from './types.ts';

/** What has streams: a container, or a further process of one. */
export interface Streamed {
  readonly config: Pick<ContainerConfig, 'tty' | 'openStdin'>;
  readonly spec: Spec;
}

/** This process's. */
const OWN = [0, 1, 2] as const;

/** What a container has for 0, 1 and 2, from before its birth to after its end. */
export interface StreamsOfRun {
  readonly stdio: readonly [Fd, Fd, Fd];
  /** It is born, and has its ends. */
  start(): void;
  /** It has ended: all that it wrote is written. @throws SyscallError where it could not be. */
  finish(): Promise<void>;
  /** It never came to be. */
  drop(): void;
}

/**
 * Pipes of the container's own, copied to and from the caller's fds: what lies behind those is not for it to open, read,
 * cut off or type into (native/addon/streams.cc). Only fds that the caller names are given as they are. With a terminal
 * it has that; without -i its input has ended.
 */
export function streamsOf(blueprint: Streamed, control: Pick<RunControl, 'stdio' | 'copied'>): StreamsOfRun {
  const { openStdin, tty } = blueprint.config;
  const [input, output, errors] = control.stdio ?? control.copied ?? OWN;
  const takesInput = openStdin === true && tty !== true;
  if (control.stdio || tty) return given(takesInput ? input : undefined, output, errors);
  const owner = ownerOf(blueprint);
  return native().streams({
    ...(takesInput ? { input } : {}),
    output,
    errors,
    ...(owner === undefined ? {} : { owner }),
  });
}

/** Whether a stream is joined: all are, unless some are named. */
export const joins = ({ attach }: Pick<RunControl, 'attach'>, stream: StandardStream): boolean =>
  attach === undefined || attach.includes(stream);

let nothing: Fd | undefined;

/** Where what nobody wants to see goes: opened once, and kept. */
function nowhere(): Fd {
  nothing ??= openSync('/dev/null', 'w');
  return nothing;
}

export function relayOf(blueprint: Streamed, control: RunControl): Relay {
  const { copied = OWN } = control;
  const { openStdin, tty } = blueprint.config;
  // what is typed at a terminal of this process is looked at: runtime/monitor/parent.ts
  const input = openStdin === true && (tty !== true || copied !== OWN) && joins(control, 'stdin');
  const [from, out, err] = copied;
  const output = joins(control, 'stdout') ? out : nowhere();
  const errors = joins(control, 'stderr') ? err : nowhere();
  // a terminal has one output
  const streams = native().streams({
    ...(input ? { input: from } : {}),
    output,
    errors: tty ? output : errors,
  });
  return { streams, input };
}

function given(input: Fd | undefined, output: Fd, errors: Fd): StreamsOfRun {
  const ended = input === undefined ? native().endedPipe() : undefined;
  const close = () => {
    if (ended !== undefined) native().close(ended);
  };
  return { stdio: [ended ?? input ?? 0, output, errors], start: close, drop: close, finish: async () => {} };
}

/** The program's user as the host counts, where that is another than inside: there nobody could give the pipes away. */
export function ownerOf({ spec }: Streamed): number | undefined {
  const uid = spec.process?.user?.uid ?? 0;
  const maps = spec.linux?.uidMappings ?? [];
  const map = maps.find(({ containerID, size }) => uid >= containerID && uid < containerID + size);
  return map && map.hostID + uid - map.containerID;
}
