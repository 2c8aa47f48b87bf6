import { TinyrunError } from '../errors.ts';
import { attend } from '../runtime/attend.ts';
import { DETACH_KEYS } from '../runtime/detach-keys.ts';
import type { Joined, Life } from '../runtime/life.ts';
import { type Attached, attachTo } from '../runtime/monitor/attach.ts';
import { killed } from '../runtime/monitor/parent.ts';
import { openProcess, signalPidfd } from '../runtime/pidfd.ts';
import type { StateFile } from '../runtime/state.ts';
import { lendTerminal } from '../runtime/terminal.ts';
import { passTyping } from '../runtime/typing.ts';
import type { Roots } from '../store/paths.ts';
import { tell } from './events/tell.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import type { ContainerView } from './record.ts';
import { resultOf, sentBy } from './run.ts';
import { isRunning } from './status.ts';
import type { RunControl, RunResult } from './types.ts';

export interface AttachOptions {
  /** What is typed is not for it. */
  readonly noStdin?: boolean | undefined;
  /** Bytes that leave it running, where it has a terminal: ctrl-p, ctrl-q without; [] for none. */
  readonly detachKeys?: readonly number[] | undefined;
  /** Whose signals it gets. */
  readonly forward?: RunControl['forward'];
}

/**
 * Joins this process's standard streams to those of a running container, until that has ended or is left.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING
 */
export async function attachContainer(
  roots: Roots,
  text: string,
  options: AttachOptions,
): Promise<RunResult> {
  const view = findContainer(roots, text);
  const state = attachable(view, text);
  const { run } = containerPaths(roots, view.record.id);
  const attached = await attachTo(run, show);
  if (attached === undefined) throw notRunning(text);
  tell(roots, view.record, 'attach');
  const life = lifeOf(attached, state, view, options);
  const forwarding = options.forward?.({ onInsist: () => {}, onSent: sentBy(roots, view.record) });
  try {
    const end = await attend(life, {
      forwarding,
      isGuest: true,
      stdin: view.record.config.openStdin === true,
    });
    if (end.isDetached) tell(roots, view.record, 'detach');
    return resultOf(view.record.id, end, false);
  } finally {
    forwarding?.stop();
    attached.close();
  }
}

function attachable(view: ContainerView, text: string): StateFile {
  if (view.status === 'paused')
    throw new TinyrunError('CONTAINER_PAUSED', `container ${text} is paused, unpause it before attaching`);
  if (view.status === 'restarting')
    throw new TinyrunError(
      'CONTAINER_NOT_RUNNING',
      `container ${text} is restarting, wait until it is running before attaching`,
    );
  if (!view.state || !isRunning(view)) throw notRunning(text);
  if (view.state.lifeline === 'monitor') return view.state;
  throw new TinyrunError(
    'UNSUPPORTED',
    `container ${text} belongs to the command that runs it: its streams are there`,
    {
      hint: 'one that is kept, was detached from the start, or is given the log driver json-file can be attached to',
    },
  );
}

const notRunning = (text: string) =>
  new TinyrunError('CONTAINER_NOT_RUNNING', `container ${text} is not running: start it before attaching`);

const sinks = () => ({ 1: process.stdout, 2: process.stderr });

/** What is written waits in this process: its monitor waits for nobody. */
const show = (stream: 1 | 2, piece: Buffer): void => void sinks()[stream].write(piece);

/** As its parent's life, by its monitor's socket. */
function lifeOf(
  attached: Attached,
  { pid, startTime }: StateFile,
  { record }: ContainerView,
  { noStdin, detachKeys = DETACH_KEYS }: AttachOptions,
): Life {
  const started = BigInt(startTime);
  const pidfd = openProcess(pid, started) ?? -1;
  const { tty = false, openStdin = false } = record.config;
  let left = false;
  const leave = () => {
    left = true;
    attached.close();
  };
  return {
    pid,
    pidfd,
    startTime: started,
    results: [],
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async () => {
      const isTyped = openStdin && !noStdin;
      const giveBack = tty ? lendTerminal({ stdin: isTyped, onSize: redrawing(attached) }) : () => {};
      const stop = isTyped
        ? passTyping({
            type: attached.type,
            onDrain: attached.onDrain,
            // a terminal is left, not ended
            onEnd: tty ? () => {} : attached.closeStdin,
            onLeave: leave,
            keys: tty ? detachKeys : [],
          })
        : () => {};
      for (const sink of Object.values(sinks())) sink.on('error', leave);
      return joined(() => {
        stop();
        giveBack();
      });
    },
    leave,
    ended: async () => ({ exit: (await attached.ended) ?? killed(), ...(left ? { isDetached: true } : {}) }),
    forget: attached.close,
    // what waits in standard output would be lost with the process
    written: () => new Promise((resolve) => void process.stdout.write('', () => resolve())),
  };
}

/** The first size is a change for sure: a program that draws on the terminal draws anew for who has come. */
function redrawing({ resize }: Attached): Attached['resize'] {
  let isFirst = true;
  return (size) => {
    if (isFirst) resize({ ...size, rows: size.rows + 1 });
    isFirst = false;
    resize(size);
  };
}

const joined = (detach: () => void): Joined => ({ detach });
