import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRootfs } from '../../../scripts/lib/rootfs.mjs';
import { type Compiled, type CompileOptions, compile } from '../../../src/plan/compile/index.ts';
import { undoSteps } from '../../../src/plan/undo.ts';
import { type ExecOptions, execPlan } from '../../../src/plan/verbs/exec.ts';
import { hostFacts } from '../../../src/runtime/host.ts';
import { type Launched, launchSync } from '../../../src/runtime/launch.ts';
import { defaultSpec } from '../../../src/spec/defaults.ts';
import type { LinuxIDMapping, LinuxNamespaceType, Process, Spec } from '../../../src/spec/types.ts';
import type { Change, MutableSpec } from '../../support/spec.ts';

/** What a user namespace of the tests maps its root to; the root filesystem belongs to it. */
export const MAPPED = 100000;
export const MAPS: LinuxIDMapping[] = [{ containerID: 0, hostID: MAPPED, size: 65536 }];

export function without(spec: MutableSpec, ...types: LinuxNamespaceType[]): void {
  spec.linux.namespaces = (spec.linux.namespaces ?? []).filter(({ type }) => !types.includes(type));
}

export function userNamespace(spec: MutableSpec): void {
  spec.linux.namespaces?.push({ type: 'user' });
  Object.assign(spec.linux, { uidMappings: MAPS, gidMappings: MAPS });
  // Its last group must be mapped.
  delete spec.linux.sysctl?.['net.ipv4.ping_group_range'];
}

export interface Ran {
  readonly code: number;
  readonly out: string;
}

/** Compiles specs and runs their plans, without a runtime's files; `dispose` leaves nothing. */
export class Kernel {
  readonly dir = mkdtempSync(join(tmpdir(), 'tinyrun-plan-'));
  readonly rootfs = join(this.dir, 'rootfs');
  #count = 0;

  constructor() {
    chmodSync(this.dir, 0o755);
    makeRootfs(this.rootfs);
    for (const name of ['data', 'work']) mkdirSync(join(this.rootfs, name));
    for (const name of ['', 'bin', 'etc', 'data', 'work']) chownSync(join(this.rootfs, name), MAPPED, MAPPED);
    lchownSync(join(this.rootfs, 'bin/busybox'), MAPPED, MAPPED);
  }

  spec(script: string, change: Change = () => {}): MutableSpec {
    const spec = structuredClone(defaultSpec()) as MutableSpec;
    spec.process.args = ['sh', '-c', script];
    spec.process.rlimits = [];
    spec.linux.cgroupsPath = `/tinyrun-plan-${process.pid}-${this.#count++}`;
    delete spec.linux.resources?.pids;
    change(spec);
    return spec;
  }

  compile(spec: MutableSpec, options: Partial<CompileOptions> = {}): Compiled {
    return compile(spec as Spec, hostFacts(), {
      id: `plan-${this.#count}`,
      bundle: this.dir,
      rootfs: { kind: 'directory', path: this.rootfs },
      wait: { kind: 'exec' },
      ...options,
    });
  }

  /** Runs a plan to its program's end; what it printed. */
  async #finish({ plan }: Compiled): Promise<Ran> {
    const file = join(this.dir, `out-${this.#count++}`);
    const out = openSync(file, 'w+');
    const empty = openSync('/dev/null', 'r');
    try {
      const { code } = await launchSync({ plan, stdio: [empty, out, out] }).wait();
      return { code, out: readFileSync(file, 'utf8').trimEnd() };
    } finally {
      closeSync(out);
      closeSync(empty);
    }
  }

  #undo({ plan }: Compiled): void {
    launchSync({ plan: { steps: undoSteps(plan) } });
  }

  async run(script: string, change?: Change, options?: Partial<CompileOptions>): Promise<Ran> {
    const compiled = this.compile(this.spec(script, change), options);
    try {
      return await this.#finish(compiled);
    } finally {
      this.#undo(compiled);
    }
  }

  /** A container that sleeps, and a script executed in it. */
  async exec(
    script: string,
    change?: Change,
    process: Partial<Process> = {},
    more: Partial<ExecOptions> = {},
  ): Promise<Ran> {
    const spec = this.spec('sleep 60', change);
    const compiled = this.compile(spec);
    let launched: Launched | undefined;
    try {
      launched = launchSync({ plan: compiled.plan });
      const { pid, startTime } = launched;
      const plain: Process = { ...(spec.process as Process), args: ['sh', '-c', script], ...process };
      const cgroup = compiled.cgroup === undefined ? {} : { cgroup: compiled.cgroup };
      return await this.#finish(
        execPlan(hostFacts(), {
          id: 'plan',
          spec: spec as Spec,
          process: plain,
          first: { pid, startTime },
          ...cgroup,
          ...more,
        }),
      );
    } finally {
      this.#undo(compiled);
      await launched?.wait();
    }
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
