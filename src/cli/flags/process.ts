import type { Command as Program } from 'commander';
import type { ContainerConfig } from '../../engine/config/types.ts';
import { TinyrunError } from '../../errors.ts';
import { booleanOf } from '../../store/words.ts';
import { collect, collectEnv, seconds, wholeNumber } from '../options.ts';
import type { FlagGroup, Host } from './group.ts';
import { inherit, readEnvFile } from './parse/env.ts';
import { parseStopSignal } from './parse/stop-signal.ts';

/** Of every verb that runs a program. */
export interface ProgramFlags {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
}

interface Flags extends ProgramFlags {
  readonly groupAdd?: readonly string[];
  readonly entrypoint?: string;
  readonly init?: boolean;
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly systemd?: string;
  readonly runtime?: string;
}

/** `workdir`: what is said of that flag. */
export const defineProgram = (program: Program, workdir: string): Program =>
  program
    .option('-e, --env <KEY=VALUE>', 'set a variable; without =VALUE, pass on yours', collectEnv)
    .option('--env-file <FILE>', 'read variables from a file', collect)
    .option('-w, --workdir <DIR>', workdir)
    .option('-u, --user <USER>', 'name or number, with :GROUP where it is to be another')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the program a terminal');

export const readProgram = ({ env = [], envFile = [], ...flags }: ProgramFlags, host: Host) => ({
  env: [
    ...envFile.flatMap((path) => readEnvFile(path, host.env)),
    ...env.map((entry) => inherit(entry, host.env)),
  ],
  workdir: flags.workdir,
  user: flags.user,
  openStdin: flags.interactive,
  tty: flags.tty,
});

/** What `inspect` calls ours is taken; ARCHITECTURE.md says what another would take. @throws TinyrunError FLAG */
function checkRuntime(runtime: string | undefined): void {
  if (!runtime || runtime === 'tinyrunc') return;
  throw new TinyrunError('FLAG', `--runtime ${JSON.stringify(runtime)}: tinyrun runs containers itself`, {
    hint: 'tinyrunc is the one there is, and a command of its own for engines that call one',
  });
}

/** What runs, and as whom. */
export const processFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void defineProgram(program, 'working directory, made when missing')
      .option('--group-add <GROUP>', 'one more group', collect)
      .option('--entrypoint <PROGRAM>', "replace the image's entrypoint; empty: reset it")
      .option('--init', 'a small init as PID 1 forwards signals and reaps')
      .option(
        '--systemd <WHEN>',
        'make room for systemd as PID 1: true (where it is what runs), false or always',
      )
      .option('--runtime <NAME>', 'tinyrunc, the one there is')
      .option('--stop-signal <SIGNAL>', 'what asks the program to end')
      .option('--stop-timeout <SECONDS>', 'how long it may take to, 10 without; -1 is for ever', wholeNumber),
  read: ({ entrypoint, stopSignal, stopTimeout, systemd, runtime, ...flags }, host) => {
    checkRuntime(runtime);
    return {
      ...readProgram(flags, host),
      groups: flags.groupAdd,
      entrypoint: entrypoint === undefined ? undefined : [entrypoint].filter(Boolean),
      init: flags.init,
      systemd: systemd === undefined ? undefined : systemdOf(systemd),
      stop: stopOf(stopSignal, stopTimeout),
    };
  },
  names: {
    env: '--env %q',
    workdir: '--workdir %q',
    groups: '--group-add %s',
    systemd: '--systemd %q',
    'stop.signal': '--stop-signal %q',
    'stop.graceMs': '--stop-timeout %q',
  },
};

function systemdOf(text: string): ContainerConfig['systemd'] {
  const when = text === 'always' ? text : booleanOf(text);
  if (when !== undefined) return when;
  throw new TinyrunError('FLAG', `--systemd ${JSON.stringify(text)}: none of true, false and always`);
}

function stopOf(signal: string | undefined, timeout: number | undefined): ContainerConfig['stop'] {
  const asked = {
    ...(signal && parseStopSignal(signal)),
    ...(timeout === undefined ? {} : { graceMs: seconds(timeout) }),
  };
  return Object.keys(asked).length > 0 ? asked : undefined;
}
