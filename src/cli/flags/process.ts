import type { Command as Program } from 'commander';
import type { ContainerConfig } from '../../engine/config/types.ts';
import { collect, seconds, wholeNumber } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { inherit, readEnvFile } from './parse/env.ts';
import { parseStopSignal } from './parse/stop-signal.ts';

interface Flags {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly entrypoint?: string;
  readonly init?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
}

/** What runs, and as whom. */
export const processFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('-e, --env <KEY=VALUE>', 'set a variable; without =VALUE, pass on yours', collect)
      .option('--env-file <FILE>', 'read variables from a file', collect)
      .option('-w, --workdir <DIR>', 'working directory, made when missing')
      .option('-u, --user <USER>', 'name or number, with :GROUP where it is to be another')
      .option('--group-add <GROUP>', 'one more group', collect)
      .option('--entrypoint <PROGRAM>', "replace the image's entrypoint; empty: reset it")
      .option('--init', 'a small init as PID 1 forwards signals and reaps')
      .option('-i, --interactive', 'keep standard input open')
      .option('-t, --tty', 'give the container a terminal')
      .option('--stop-signal <SIGNAL>', 'what asks the program to end')
      .option('--stop-timeout <SECONDS>', 'how long it may take to, 10 without; -1 is for ever', wholeNumber),
  read: ({ env = [], envFile = [], entrypoint, stopSignal, stopTimeout, ...flags }, host) => ({
    env: [
      ...envFile.flatMap((path) => readEnvFile(path, host.env)),
      ...env.map((entry) => inherit(entry, host.env)),
    ],
    workdir: flags.workdir,
    user: flags.user,
    groups: flags.groupAdd,
    entrypoint: entrypoint === undefined ? undefined : [entrypoint].filter(Boolean),
    init: flags.init,
    openStdin: flags.interactive,
    tty: flags.tty,
    stop: stopOf(stopSignal, stopTimeout),
  }),
  names: {
    env: '--env %q',
    workdir: '--workdir %q',
    groups: '--group-add %s',
    'stop.signal': '--stop-signal %q',
    'stop.graceMs': '--stop-timeout %q',
  },
};

function stopOf(signal: string | undefined, timeout: number | undefined): ContainerConfig['stop'] {
  const asked = {
    ...(signal && parseStopSignal(signal)),
    ...(timeout === undefined ? {} : { graceMs: seconds(timeout) }),
  };
  return Object.keys(asked).length > 0 ? asked : undefined;
}
