import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { specTemplate } from '../../../src/spec/template.ts';
import type { Spec } from '../../../src/spec/types.ts';

/** Another runtime's path lets the tests of conformance be tried against it. */
export const TINYRUNC = process.env.TINYRUN_TEST_RUNTIME ?? resolve('bin/tinyrunc');
const APPLETS =
  'sh echo cat sleep true false id env pwd ls mount stat test kill grep hostname ulimit touch tty stty ps mkdir readlink wc';

/** The spec of a test: runc's template without a terminal, with changes. */
export function testSpec(args: readonly string[], change: (spec: Mutable<Spec>) => void = () => {}): Spec {
  const spec = structuredClone(specTemplate(true)) as Mutable<Spec>;
  if (spec.process === undefined) throw new Error('the template has no process');
  spec.process.terminal = false;
  spec.process.args = [...args];
  delete spec.process.rlimits;
  change(spec);
  return spec as Spec;
}

export type Mutable<T> = T extends (infer U)[] | readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** A directory with bundles and a state root of its own; `dispose` takes every container back. */
export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'tinyrunc-test-'));
  readonly root = join(this.dir, 'state');
  private readonly ids: string[] = [];
  private count = 0;

  /** An id nobody else uses. */
  id(): string {
    const id = `t${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    this.ids.push(id);
    return id;
  }

  /** Makes a bundle whose root filesystem holds busybox. */
  bundle(spec: Spec): string {
    const path = join(this.dir, `bundle-${++this.count}`);
    const bin = join(path, 'rootfs/bin');
    mkdirSync(bin, { recursive: true });
    for (const dir of ['proc', 'sys', 'dev', 'etc', 'tmp']) mkdirSync(join(path, 'rootfs', dir));
    copyFileSync('/bin/busybox', join(bin, 'busybox'));
    for (const applet of APPLETS.split(' ')) symlinkSync('busybox', join(bin, applet));
    this.write(path, spec);
    return path;
  }

  write(bundle: string, spec: Spec): void {
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  }

  /** Runs tinyrunc to its end. */
  run(args: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
    return spawnSync(options.program ?? TINYRUNC, ['--root', this.root, ...(options.global ?? []), ...args], {
      encoding: 'utf8',
      input: options.input ?? '',
      cwd: options.cwd ?? this.dir,
      timeout: 120_000,
      env: { ...process.env, ...options.env },
    });
  }

  /** Runs it and fails the test when it fails. */
  ok(args: readonly string[], options: RunOptions = {}): string {
    const result = this.run(args, options);
    if (result.status !== 0) {
      throw new Error(
        `tinyrunc ${args.join(' ')}: exit ${result.status} ${result.signal ?? ''}: ${result.stderr}`,
      );
    }
    return result.stdout;
  }

  /** Starts tinyrunc with its streams on /dev/null; resolves with its exit code. */
  start(args: readonly string[]): Promise<number | null> {
    const child = spawn(TINYRUNC, ['--root', this.root, ...args], { stdio: 'ignore' });
    return new Promise((resolve) => child.once('exit', resolve));
  }

  /** Creates a container from its own bundle. It gets files for stdio: a pipe of ours would be held open by it. */
  create(spec: Spec, id = this.id(), flags: readonly string[] = []): string {
    const bundle = this.bundle(spec);
    const err = openSync(join(bundle, 'stderr'), 'w');
    const out = openSync(join(bundle, 'stdout'), 'w');
    const args = ['--root', this.root, 'create', '-b', bundle, ...flags, id];
    const result = spawnSync(TINYRUNC, args, { stdio: ['ignore', out, err], timeout: 120_000 });
    closeSync(out);
    closeSync(err);
    if (result.status === 0) return id;
    throw new Error(`create ${id}: exit ${result.status}: ${readFileSync(join(bundle, 'stderr'), 'utf8')}`);
  }

  state(id: string): { status: string; pid: number; [field: string]: unknown } {
    return JSON.parse(this.ok(['state', id]));
  }

  dispose(): void {
    const failures = existsSync(this.root)
      ? this.ids.map((id) => this.run(['delete', '--force', id])).filter(({ status }) => status !== 0)
      : [];
    rmSync(this.dir, { recursive: true, force: true });
    const [first] = failures;
    if (first !== undefined) throw new Error(`delete --force: ${first.stderr}`);
  }
}

export interface RunOptions {
  readonly global?: readonly string[];
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly program?: string;
}

/** Waits until `ready` answers true; looks every 5 ms for at most `seconds`. */
export async function until(ready: () => boolean, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`not so within ${seconds} s: ${ready}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Whether a process has ended: it is gone, or a zombie. An orphan stays one until the host's pid 1 reaps it, which some
 * do only every two seconds, and which is none of the runtime's doing.
 */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

/** Resident set of a process, kB. */
export function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
}
