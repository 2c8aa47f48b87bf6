// A host of a test's own: its network namespace, in which the command line runs with roots of its own.
import { type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Netns } from '../../support/netns.ts';
import { execute, type Result, TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

export class Host {
  readonly netns = new Netns();
  readonly sandbox = new Sandbox();
  readonly env = { ...this.sandbox.env, TINYRUN_NETWORK: '' };

  tinyrun(args: readonly string[], options: SpawnOptions = {}): Promise<Result> {
    return this.exec(TINYRUN, args, options);
  }

  /** A program of the host. */
  exec(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<Result> {
    return this.netns.run(() => execute(file, args, { env: this.env, ...options }));
  }

  /** A command that may be killed on its way. */
  killable(args: readonly string[]): { kill(): void; result: Promise<Result> } {
    const killing = new AbortController();
    const options = { signal: killing.signal, killSignal: 'SIGKILL' as const };
    const result = this.tinyrun(args, options).catch((error: Error) => {
      if (error.name === 'AbortError') return { code: -1, stdout: '', stderr: '' };
      throw error;
    });
    return { kill: () => killing.abort(), result };
  }

  /** The same, which must end well; what it prints, without the last line's end. */
  async ok(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tinyrun(args);
    if (code !== 0) throw new Error(`tinyrun ${args.join(' ')}: ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** One that goes on meanwhile. */
  start(args: readonly string[]): { pid: number; closed: Promise<unknown> } {
    const child = this.netns.run(() => spawn(TINYRUN, args, { env: this.env, stdio: 'ignore' }));
    return { pid: child.pid ?? 0, closed: new Promise((resolve) => child.on('close', resolve)) };
  }

  /** What a script prints in a container that is there. */
  in(container: string, script: string): Promise<string> {
    return this.ok(['exec', container, 'sh', '-c', script]);
  }

  /** A container that sleeps; its id. */
  sleeper(...flags: string[]): Promise<string> {
    return this.ok(['run', '-d', ...flags, 'busybox', 'sleep', '1000']);
  }

  async inspect(container: string) {
    return JSON.parse(await this.ok(['inspect', container]))[0];
  }

  /** Its address in the network that is always there. */
  async addressOf(container: string): Promise<string> {
    return (await this.inspect(container)).NetworkSettings.IPAddress;
  }

  /** Names of our links of containers that are still ports of a bridge. */
  ports(): string[] {
    return this.netns
      .ask('link', 'show', 'type', 'veth')
      .filter(({ master }) => master !== undefined)
      .map(({ ifname }) => ifname as string);
  }

  /** The elements of a set or map of our table, as nft has them. */
  elements(kind: 'set' | 'map', name: string): unknown[] {
    const text = this.netns.exec('nft', ['-j', 'list', kind, 'inet', 'tinyrun', name]);
    const { nftables } = JSON.parse(text) as { nftables: Record<string, { elem?: unknown[] }>[] };
    return nftables.flatMap((one) => one[kind]?.elem ?? []);
  }

  /** Addresses that somebody has. */
  leases(): string[] {
    const networks = path.join(this.sandbox.dir, 'run/networks');
    return readdirSync(networks, { recursive: true, encoding: 'utf8' })
      .filter((name) => /leases\/\d/.test(name))
      .filter((name) => statSync(path.join(networks, name)).nlink > 1)
      .map((name) => path.basename(name));
  }

  /** By SIGKILL: a container's first process, or its parent. */
  kill(pid: number, whom: 'program' | 'monitor'): void {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    process.kill(whom === 'program' ? pid : Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]), 'SIGKILL');
  }

  async close(): Promise<void> {
    const { stdout } = await this.tinyrun(['ps', '-aq']);
    const ids = stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await this.tinyrun(['rm', '-f', ...ids]);
    this.netns.dispose();
    this.sandbox.checkHost();
    await this.sandbox.close();
  }
}
