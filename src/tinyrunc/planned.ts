import { basename } from 'node:path';
import { compile } from '../plan/compile/index.ts';
import type { CgroupChoice, Compiled, CompileOptions } from '../plan/compile/options.ts';
import { checkHabitable } from '../runtime/cgroup.ts';
import { ownSize } from '../runtime/console.ts';
import { withHome } from '../runtime/home.ts';
import { hostFacts } from '../runtime/host.ts';
import { compileSeccomp } from '../runtime/seccomp.ts';
import { parseScope, type ScopeName, scopePath } from '../runtime/systemd.ts';
import type { Spec } from '../spec/types.ts';
import { join } from '../store/join.ts';
import type { Bundle } from './bundle.ts';
import { netDevices } from './netDevices.ts';

export interface CreateOptions {
  /** Directory of all containers' state. */
  readonly root: string;
  readonly id: string;
  readonly bundle: string;
  /** created: the program waits for `start`. running: it is executed before this returns. */
  readonly until: 'created' | 'running';
  /** Whether this process leaves while the container lives on: then a terminal needs a socket. */
  readonly detach: boolean;
  readonly consoleSocket?: string | undefined;
  /** fds 3 … 3+n-1 stay open in the container. */
  readonly preserveFds: number;
  /** Added to process.env. */
  readonly env: readonly string[];
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly systemdCgroup: boolean;
  readonly rootless: boolean;
  readonly warn: (message: string) => void;
}

/** Of a container's directory: its init waits there for `start`. */
export const FIFO = 'exec.fifo';
/** `~` is in no id, so this is no container's directory. */
export const SECCOMP_CACHE = '~seccomp';

/** A compiled plan, and the unit that its cgroup shall be. */
export interface Planned extends Compiled {
  readonly scope?: ScopeName;
}

function cgroupOf(bundle: Bundle, options: CreateOptions): { choice?: CgroupChoice; scope?: ScopeName } {
  if (!options.systemdCgroup) return {};
  const scope = parseScope(bundle.spec.linux?.cgroupsPath, options.rootless, `tinyrunc-${options.id}.scope`);
  return { choice: { path: scopePath(scope), manager: 'external' }, scope };
}

function foregroundSize(
  { spec }: Bundle,
  { detach }: CreateOptions,
): Pick<CompileOptions, 'console' | 'lineEndsStay'> {
  if (!spec.process?.terminal || detach) return {};
  const size = ownSize();
  return { lineEndsStay: true, ...(size && { console: size }) };
}

/** What the command line and the directory's name have to say in the spec. */
function prepared({ spec, rootfs }: Bundle, dir: string, { id, env }: CreateOptions): Spec {
  const { process } = spec;
  const withEnv =
    process === undefined
      ? spec
      : { ...spec, process: withHome({ ...process, env: [...(process.env ?? []), ...env] }, rootfs) };
  // A cgroup is named like the id, but a file system takes no name of 1024 characters.
  if (spec.linux?.cgroupsPath || basename(dir) === id) return withEnv;
  return { ...withEnv, linux: { ...spec.linux, cgroupsPath: basename(dir) } };
}

/** config.json and what the host can do → the plan. */
export function planOfBundle(bundle: Bundle, dir: string, options: CreateOptions): Planned {
  const { spec } = bundle;
  const profile = spec.linux?.seccomp;
  const { choice, scope } = cgroupOf(bundle, options);
  const devices = netDevices(spec.linux ?? {});
  const compileOptions: CompileOptions = {
    id: options.id,
    bundle: bundle.path,
    rootfs: { kind: 'directory', path: bundle.rootfs },
    wait: options.until === 'created' ? { kind: 'fifo', path: join(dir, FIFO) } : { kind: 'exec' },
    onMissingController: 'warn',
    giveFiles: true,
    preserveFds: options.preserveFds,
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    ...foregroundSize(bundle, options),
    ...(profile === undefined ? {} : { seccomp: compileSeccomp(profile, join(options.root, SECCOMP_CACHE)) }),
    ...(choice === undefined ? {} : { cgroup: choice }),
    ...(devices === undefined ? {} : { netDevices: devices }),
  };
  const compiled = compile(prepared(bundle, dir, options), hostFacts(), compileOptions);
  if (compiled.cgroup !== undefined) checkHabitable(compiled.cgroup);
  return { ...compiled, ...(scope === undefined ? {} : { scope }) };
}
