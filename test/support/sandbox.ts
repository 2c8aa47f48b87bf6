// What most tests of the command line run in: a data root, a run root and a canary tree of the host that nothing in a
// container may change.
import type { SpawnOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { makeRootfs } from '../../scripts/lib/rootfs.mjs';
import { execute, type Result, TINYRUN, TINYRUNC } from './programs.ts';
import { type MutableSpec, testSpec } from './spec.ts';

export class Sandbox {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-test-'));
  /** A tree of the host: whatever a test tries, `canaryHash()` stays what it was. */
  readonly canary = path.join(this.dir, 'canary');
  readonly #env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: '',
    TINYRUN_ROOT: path.join(this.dir, 'data'),
    TINYRUN_RUN_ROOT: path.join(this.dir, 'run'),
  };
  readonly #before: string;
  #bundles = 0;

  constructor() {
    // For containers whose root is another user of the host.
    chmodSync(this.dir, 0o755);
    mkdirSync(path.join(this.canary, 'sub'), { recursive: true });
    writeFileSync(path.join(this.canary, 'secret'), 'host secret\n');
    writeFileSync(path.join(this.canary, 'sub/file'), 'host file\n');
    this.#before = this.#hostHash();
  }

  tinyrun(args: readonly string[], options: SpawnOptions = {}): Promise<Result> {
    return execute(TINYRUN, args, { env: this.#env, ...options });
  }

  tinyrunc(args: readonly string[], options: SpawnOptions = {}): Promise<Result> {
    return execute(TINYRUNC, ['--root', this.runcRoot, ...args], { env: this.#env, ...options });
  }

  /** A program before the CLI, as in `strace … tinyrun run …`. */
  under(wrapper: readonly string[], file: string, args: readonly string[]): Promise<Result> {
    const global = file === TINYRUNC ? ['--root', this.runcRoot] : [];
    const [tool = '', ...flags] = wrapper;
    return execute(tool, [...flags, file, ...global, ...args], { env: this.#env });
  }

  get runcRoot(): string {
    return path.join(this.dir, 'tinyrunc');
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** A container's id that no other sandbox has: cgroups are named by ids, and files run in parallel. */
  id(name: string): string {
    return `${name}-${path.basename(this.dir).replace('tinyrun-test-', '')}`;
  }

  /** `run --rm FLAGS busybox sh -c SCRIPT`. */
  sh(flags: readonly string[], script: string, options: SpawnOptions = {}): Promise<Result> {
    return this.tinyrun(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], options);
  }

  /** The directory that the image's layer was unpacked to: an attacker's image is what a test makes of it. */
  async layer(): Promise<string> {
    const { code, stderr } = await this.tinyrun(['run', '--rm', 'busybox', 'true']);
    if (code !== 0) throw new Error(`tinyrun run busybox true: ${stderr}`);
    const names = readdirSync(path.join(this.dir, 'data'), { recursive: true, encoding: 'utf8' });
    const busybox = names.find((name) => name.endsWith('/bin/busybox'));
    if (busybox === undefined) throw new Error('no unpacked layer below the data root');
    return path.join(this.dir, 'data', path.dirname(path.dirname(busybox)));
  }

  /** A bundle with busybox in its root; `change` makes the attack of it. Answers its directory. */
  bundle(
    args: readonly string[],
    change: (spec: MutableSpec, rootfs: string) => void = () => undefined,
  ): string {
    const dir = path.join(this.dir, this.id(`bundle-${this.#bundles++}`));
    const rootfs = makeRootfs(path.join(dir, 'rootfs'));
    const spec = testSpec(args, (open) => {
      open.root.readonly = false;
      change(open, rootfs);
    });
    writeFileSync(path.join(dir, 'config.json'), JSON.stringify(spec));
    return dir;
  }

  /** `tinyrunc run` of a bundle under a fresh id. */
  runBundle(dir: string, options: SpawnOptions = {}): Promise<Result> {
    return this.tinyrunc(['run', '--bundle', dir, path.basename(dir)], options);
  }

  /** Resolves once a container has its program running. */
  async untilRunning(id: string): Promise<void> {
    for (const end = Date.now() + 90_000; Date.now() < end; ) {
      const { code, stdout } = await this.tinyrunc(['state', id]);
      if (code === 0 && JSON.parse(stdout).status === 'running') return;
    }
    throw new Error(`container ${id} never ran`);
  }

  #hostHash(): string {
    const hash = createHash('sha256');
    for (const file of HOST_FILES) hash.update(readFileSync(file));
    return hashTree(this.canary, hash).digest('hex');
  }

  /** @throws when the canary, the helper or a file of the kernel's that attacks aim at is not what it was. */
  checkHost(): void {
    if (this.#hostHash() !== this.#before)
      throw new Error(`the host was changed: ${readdirSync(this.canary).join(' ')}`);
  }

  /** Ends what the test left, and its directory. */
  async close(): Promise<void> {
    const ids = existsSync(this.runcRoot) ? readdirSync(this.runcRoot) : [];
    for (const id of ids) await this.tinyrunc(['delete', '--force', id]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A canary of its own for each test of a file: what one changed is no other's failure. */
export function sandboxEachTest(take: (fresh: Sandbox) => void): void {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox();
    take(sandbox);
  });
  afterEach(async () => {
    try {
      sandbox.checkHost();
    } finally {
      await sandbox.close();
    }
  });
}

/** The launchers, and what escapes are known to write to. */
const HOST_FILES = [TINYRUN, TINYRUNC, '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname'];

/** Names, modes, owners and contents below a directory. */
function hashTree(dir: string, hash: ReturnType<typeof createHash>): ReturnType<typeof createHash> {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(dir, name);
    const { mode, uid, gid } = lstatSync(file);
    hash.update(`${name} ${mode} ${uid} ${gid}\n`);
    if (lstatSync(file).isSymbolicLink()) hash.update(readlinkSync(file));
    else if (lstatSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash;
}
