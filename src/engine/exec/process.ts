import { CAPABILITIES } from '../../spec/linux.ts';
import type { LinuxCapabilities, Process, Spec } from '../../spec/types.ts';
import { workdirOf } from '../config/check.ts';
import { checkEnv, keyOf, mergeEnv } from '../config/env.ts';
import { ConfigError } from '../config/error.ts';
import { checkFields, EXEC_FIELDS } from '../config/fields.ts';
import type { ContainerConfig, ExecConfig } from '../config/types.ts';
import { type Accounts, resolveUser } from '../config/user.ts';

/** Refuses what no container could make right. @throws ConfigError */
export function checkExec(config: ExecConfig): void {
  checkFields(config, EXEC_FIELDS);
  if (!config.args?.length) throw new ConfigError('args', 'no program to run');
  checkEnv(config.env ?? []);
  if (config.workdir) workdirOf(config.workdir);
}

/** What an exec is laid over: the container as it was made, and what is read of it now. */
export interface Base {
  readonly spec: Spec;
  /** What the container was asked to be. */
  readonly container: ContainerConfig;
  /** Its account files; asked for only where a user is named. */
  readonly accounts: () => Accounts;
  /** The image's variables; asked for only where one that was made up may be another's. */
  readonly imageEnv: () => readonly string[];
  /** Capabilities that this process can hand on. */
  readonly held: readonly string[];
}

/** The process: the container's own, with what is asked for. HOME may be missing, for who knows the root. */
export function processOfExec(config: ExecConfig, base: Base): Process {
  const own = base.spec.process ?? { cwd: '/' };
  const { consoleSize: _, ...rest } = own;
  const user = config.user
    ? { ...own.user, ...resolveUser(config.user, base.accounts(), base.container.groups).user }
    : own.user;
  return {
    ...rest,
    terminal: config.tty === true,
    ...(user && { user }),
    args: config.args,
    env: environment(config, own.env ?? [], base),
    cwd: config.workdir ? workdirOf(config.workdir) : own.cwd,
    capabilities: capabilities(user?.uid ?? 0, config, base),
  };
}

/**
 * The container's, but for what was made up for its own user and terminal: HOME is the user's who runs now, TERM is there
 * with a terminal.
 */
function environment(config: ExecConfig, own: readonly string[], base: Base): string[] {
  const { env = [], tty = false } = base.container;
  const made = [...(config.user ? ['HOME'] : []), ...((config.tty ?? false) === tty ? [] : ['TERM'])];
  const given = made.length === 0 ? [] : [...base.imageEnv(), ...env].map(keyOf);
  const dropped = made.filter((name) => !given.includes(name));
  const kept = own.filter((entry) => !dropped.includes(keyOf(entry)));
  return mergeEnv(config.tty ? ['TERM=xterm'] : [], kept, config.env ?? []);
}

/** As Docker has them: root has what the container may have at most, others nothing, whoever the container's user is. */
function capabilities(uid: number, { privileged }: ExecConfig, { spec, held }: Base): LinuxCapabilities {
  const mapped = spec.linux?.namespaces?.some(({ type }) => type === 'user');
  const bounding = privileged ? (mapped ? CAPABILITIES : held) : (spec.process?.capabilities?.bounding ?? []);
  const own = uid === 0 ? bounding : [];
  return { bounding, effective: own, permitted: own, inheritable: [], ambient: [] };
}
