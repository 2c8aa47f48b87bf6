import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { native } from '../../../src/native/index.ts';
import { type NamedEndpoint, namesContribution } from '../../../src/network/names/contribution.ts';
import { namePlaces } from '../../../src/network/names/places.ts';
import { type HeldResolver, holdResolver, prepareNames } from '../../../src/network/names/resolver.ts';
import type { View } from '../../../src/network/names/view.ts';
import { NO_SLOT, type Step } from '../../../src/plan/types.ts';
import { type Launched, launchSync } from '../../../src/runtime/launch.ts';
import { CLONE_NEWNET } from '../../../src/spec/linux.ts';
import { Netns } from '../../support/netns.ts';
import { execute, type Result } from '../../support/programs.ts';

const step = (op: string, lane: 'host' | 'container', args: object) =>
  ({ op, lane, args, why: 'of the test' }) as Step;

/** A host with names of its own: its network namespace, its run root, its resolv.conf. */
export class NamesHost {
  readonly dir = mkdtempSync(join(tmpdir(), 'tinyrun-names-'));
  readonly places = namePlaces(this.dir);
  readonly netns = new Netns();
  readonly conf = join(this.dir, 'resolv.conf');
  readonly #guests: Guest[] = [];

  constructor(nameserver = '127.0.0.1') {
    // the resolver is a user of its own, who reads it
    chmodSync(this.dir, 0o711);
    writeFileSync(this.conf, `nameserver ${nameserver}\n`);
  }

  hold(cgroup?: string): Promise<HeldResolver> {
    prepareNames(this.places);
    return this.netns.runAsync(() => holdResolver(this.places, { conf: this.conf, cgroup: () => cgroup }));
  }

  /** A container, as far as names go. */
  async guest(view: View, endpoints: readonly NamedEndpoint[] = []): Promise<Guest> {
    prepareNames(this.places, view.networks);
    const resolver = await this.hold();
    try {
      const { before = [], born = [], inside = [] } = namesContribution(this.places, view, endpoints);
      const steps = [
        ...before,
        step('clone', 'host', { flags: BigInt(CLONE_NEWNET), cgroup: NO_SLOT, pass: [0] }),
        ...born,
        step('linkUp', 'container', { name: 'lo' }),
        ...inside,
        step('ready', 'container', {}),
        step('awaitReady', 'host', {}),
        step('execve', 'container', { args: ['/bin/sleep', '600'], env: [] }),
        step('awaitExec', 'host', {}),
      ];
      const guest = new Guest(launchSync({ plan: { steps } }), this.dir);
      this.#guests.push(guest);
      return guest;
    } finally {
      resolver.release();
    }
  }

  /** Of the resolvers that stand in these names. */
  resolvers(): number[] {
    const stands = (pid: string) => {
      try {
        const name = readFileSync(`/proc/${pid}/comm`, 'utf8');
        return name === 'tinyrun-names\n' && readlinkSync(`/proc/${pid}/cwd`) === this.places.root;
      } catch {
        return false;
      }
    };
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && stands(pid))
      .map(Number);
  }

  /** Resolves when there is none any more. */
  async gone(): Promise<void> {
    for (const pid of this.resolvers()) await ended(pid);
  }

  async dispose(): Promise<void> {
    for (const guest of this.#guests) await guest.end();
    for (const pid of this.resolvers()) process.kill(pid, 'SIGKILL');
    this.netns.dispose();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Resolves when a process has ended, whoever's it is. */
export async function ended(pid: number): Promise<void> {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(pid);
  } catch {
    return;
  }
  await native().pollPidfd(pidfd);
  native().close(pidfd);
}

export class Guest {
  readonly #launched: Launched;
  readonly #dir: string;
  #isEnded = false;

  constructor(launched: Launched, dir: string) {
    this.#launched = launched;
    this.#dir = dir;
  }

  get pid(): number {
    return this.#launched.pid;
  }

  get target() {
    return { pid: this.#launched.pid, startTime: this.#launched.startTime };
  }

  run(program: string, ...args: string[]): Promise<Result> {
    return execute('nsenter', ['-t', String(this.pid), '-n', program, ...args]);
  }

  /** The lines of `dig +short` at the address that resolv.conf has. */
  async dig(...args: string[]): Promise<string[]> {
    const { stdout } = await this.run('dig', '+short', '+tries=1', '+time=20', '@127.0.0.11', ...args);
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** What dig says of the header: `NOERROR`, or that nobody answered. */
  async status(...args: string[]): Promise<string> {
    const { stdout } = await this.run('dig', '+tries=1', '+time=20', '@127.0.0.11', ...args);
    return /status: (\w+)/.exec(stdout)?.[1] ?? stdout;
  }

  /** With a resolv.conf of its own. */
  async withConf(conf: string, ...argv: string[]): Promise<Result> {
    const path = join(mkdtempSync(join(this.#dir, 'conf-')), 'resolv.conf');
    writeFileSync(path, conf);
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    return execute('unshare', [
      '-m',
      'nsenter',
      '-t',
      String(this.pid),
      '-n',
      'sh',
      '-c',
      script,
      path,
      ...argv,
    ]);
  }

  /** As Netns has it. */
  async runAsync<T>(body: () => Promise<T>): Promise<T> {
    const [home, there] = ['thread-self', this.pid].map((who) => openSync(`/proc/${who}/ns/net`, 'r')) as [
      number,
      number,
    ];
    native().setns(there, CLONE_NEWNET);
    try {
      return await body();
    } finally {
      native().setns(home, CLONE_NEWNET);
      for (const fd of [home, there]) closeSync(fd);
    }
  }

  /** Something that goes on beside it. */
  spawn(program: string, ...args: string[]): ChildProcess {
    return spawn('nsenter', ['-t', String(this.pid), '-n', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    process.kill(this.pid, 'SIGKILL');
    await this.#launched.wait();
  }
}

/** What a child printed, once it has ended. */
export async function printed(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  await once(child, 'close');
  return text;
}

/** The resolver that stands in such a directory. */
export function resolverOf(names: string): number | undefined {
  const stands = (pid: string) => {
    try {
      return (
        readFileSync(`/proc/${pid}/comm`, 'utf8') === 'tinyrun-names\n' &&
        readlinkSync(`/proc/${pid}/cwd`) === names
      );
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && stands(pid))
    .map(Number)[0];
}
