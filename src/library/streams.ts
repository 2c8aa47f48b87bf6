import type { Readable, Writable } from 'node:stream';
import { ConfigError } from '../engine/config/error.ts';
import type { ContainerConfig } from '../engine/config/types.ts';
import type { RunControl } from '../engine/types.ts';
import { type Input, openInput } from './input.ts';
import { type Output, openOutput } from './output.ts';
import type { OutputOption, ProcessOptions } from './types.ts';

/** What has streams: a container, or a further process of one. */
export type Streamed = Pick<ContainerConfig, 'tty' | 'openStdin'>;

/** All of a program's streams on this side. */
export interface Streams {
  /** What the engine is told of them. */
  readonly control: Pick<RunControl, 'copied' | 'stdio'>;
  /** The program has something to read. */
  readonly openStdin: boolean | undefined;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Somebody else reads, and may never come to the end. */
  readonly isRead: boolean;
  /** The engine has its ends. */
  release(): void;
  /** The program has ended, or never will be. */
  stop(): void;
  /** What was kept of 1 and 2, when all of it is where it was to go; `isOver`: others who read are not waited for. */
  kept(isOver: boolean): Promise<readonly (Buffer | undefined)[]>;
}

export interface StreamSettings {
  /** `pipe` means to keep it. */
  readonly keep: boolean;
  /** Where goes what nothing is said of. */
  readonly output: 'inherit' | 'pipe';
  readonly maxBuffer: number;
  readonly onTooMuch: () => void;
  readonly onBroken: (error: Error) => void;
}

const NOTHING: Streams = {
  control: {},
  openStdin: undefined,
  stdin: undefined,
  stdout: undefined,
  stderr: undefined,
  isRead: false,
  release: () => {},
  stop: () => {},
  kept: async () => [],
};

/** @throws ConfigError for options that are none, or do not go together */
export function openStreams(config: Streamed, options: ProcessOptions, settings: StreamSettings): Streams {
  const { stdio, input: data } = options;
  const { stdin, stdout, stderr } = chosen(config, options, settings.output);
  check(config, options, [stdin, stdout, stderr], settings.keep);
  if (stdio) return { ...NOTHING, control: { stdio } };
  const opened: { end: { release(): void } }[] = [];
  const add = <T extends Input | Output>(stream: T): T => {
    opened.push(stream);
    return stream;
  };
  const release = () => {
    for (const { end } of opened) end.release();
  };
  try {
    const output = add(openOutput(stdout, { ...settings, fd: 1 }));
    const errors = stderr === 'stdout' ? undefined : add(openOutput(stderr, { ...settings, fd: 2 }));
    const input = add(openInput(stdin, { data, onBroken: settings.onBroken }));
    return {
      control: { copied: [input.end.fd, output.end.fd, (errors ?? output).end.fd] },
      openStdin: input.isOpen,
      stdin: input.stream,
      stdout: output.stream,
      stderr: errors?.stream,
      isRead: output.isRead || errors?.isRead === true,
      release,
      stop: input.stop,
      kept: (isOver) =>
        Promise.all([output, errors].map((one) => (one?.isRead && isOver ? undefined : one?.finished))),
    };
  } catch (error) {
    release();
    throw error;
  }
}

function chosen(config: Streamed, options: ProcessOptions, output: 'inherit' | 'pipe') {
  const { stdin = config.openStdin ? 'inherit' : 'ignore', stdout = output } = options;
  const { stderr = config.tty ? 'stdout' : output } = options;
  // one sink is written to by one writer
  const same = typeof stderr === 'object' && stderr === stdout;
  return { stdin, stdout, stderr: same ? ('stdout' as const) : stderr };
}

function check(
  { tty }: Streamed,
  { stdio, stdin, stdout, stderr, input }: ProcessOptions,
  [from, ...to]: readonly [unknown, OutputOption, OutputOption | 'stdout'],
  keep: boolean,
): void {
  if (stdio && [stdin, stdout, stderr, input].some((given) => given !== undefined))
    throw new ConfigError('stdio', 'stands for stdin, stdout and stderr, which are given, too');
  if (input !== undefined && stdin !== undefined)
    throw new ConfigError('input', 'stands for stdin, which is given, too');
  if (keep && stdin === 'pipe')
    throw new ConfigError('stdin', "'pipe' hands over a stream: use spawn, or input for what is known");
  const isOwn = (from === 'inherit' || from === 'ignore') && input === undefined;
  if (tty && !stdio && !(isOwn && to.every((option) => option === 'inherit' || option === 'stdout')))
    throw new ConfigError('tty', 'a terminal is joined to this process: leave its streams at inherit');
}
