import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRootfs } from '../../scripts/lib/rootfs.mjs';
import type { Spec } from '../../src/spec/types.ts';
import { TINYRUNC } from './programs.ts';

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
    makeRootfs(join(path, 'rootfs'));
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
