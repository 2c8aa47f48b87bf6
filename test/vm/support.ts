// These tests run inside scripts/vm, bundled to one file and run by node:test: under emulation every file that is
// read and every process counts, and vitest takes longer to start there than the tests do.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeRootfs } from '../../scripts/lib/rootfs.mjs';
import type { Result } from '../support/programs.ts';

// The command starts in the checkout.
const BIN = path.resolve('bin');
/** A tmpfs: / of the guest is an overlay itself, and an overlay cannot be the upper layer of another. */
export const SCRATCH = '/scratch';
export const CGROUPS = '/sys/fs/cgroup';

export const DATA = `${SCRATCH}/data`;
export const RUN = `${SCRATCH}/run`;
const env = { ...process.env, TINYRUN_ROOT: DATA, TINYRUN_RUN_ROOT: RUN, TINYRUN_NETWORK: 'none' };

function call(program: string, args: readonly string[]): Result {
  const { status, signal, stdout, stderr } = spawnSync(path.join(BIN, program), args, {
    encoding: 'utf8',
    env,
    timeout: 120_000,
  });
  return { code: status ?? -1, stdout, stderr: signal === null ? stderr : `${stderr}(ended by ${signal})` };
}

export const tinyrun = (...args: readonly string[]): Result => call('tinyrun', args);

/** `run --rm` of a shell script in busybox. */
export function sh(flags: readonly string[], script: string): Result {
  return tinyrun('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
}

export const tinyrunc = (...args: readonly string[]): Result => call('tinyrunc', runcArgs(args));
/** The root of tinyrunc's states. */
export const STATES = `${SCRATCH}/tinyrunc`;
const runcArgs = (args: readonly string[]) => ['--root', STATES, ...args];

/** `tinyrunc` with its streams on /dev/null, for what goes on in the background; answers the exit code. */
export function tinyruncQuiet(...args: readonly string[]): number {
  const { status } = spawnSync(path.join(BIN, 'tinyrunc'), runcArgs(args), { env, stdio: 'ignore' });
  return status ?? -1;
}

/** `tinyrunc` in the background, its standard output kept: `text()` is what there is of it. */
export function tinyruncStream(...args: readonly string[]) {
  const child = spawn(path.join(BIN, 'tinyrunc'), runcArgs(args), {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let kept = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    kept += text;
  });
  return Object.assign(child, { text: () => kept });
}

/** What of a config.json the tests change. */
interface Config {
  process: { terminal: boolean; args: string[] };
  linux: { cgroupsPath: string; devices?: object[]; resources?: object };
}

let standard: string | undefined;
/** What `tinyrunc spec` writes, asked once: a call takes a second here. */
function standardConfig(): Config {
  if (standard === undefined) {
    const made = tinyrunc('spec', '-b', SCRATCH);
    if (made.code !== 0) throw new Error(`tinyrunc spec: ${made.stderr}`);
    standard = readFileSync(`${SCRATCH}/config.json`, 'utf8');
  }
  return JSON.parse(standard);
}

/** A bundle with busybox in its root, running `script` under `resources`; answers its directory. */
export function makeBundle(
  name: string,
  script: string,
  resources: object,
  change: (config: Config) => void = () => {},
): string {
  const dir = `${SCRATCH}/bundle-${name}`;
  rmSync(dir, { recursive: true, force: true });
  makeRootfs(`${dir}/rootfs`);
  const config = standardConfig();
  config.process.terminal = false;
  config.process.args = ['/bin/sh', '-c', script];
  config.linux.resources = { ...config.linux.resources, ...resources };
  config.linux.cgroupsPath = `/test-${name}`;
  change(config);
  writeFileSync(`${dir}/config.json`, JSON.stringify(config));
  return dir;
}

/** The files of a cgroup, as one record. */
export function settings(cgroup: string, ...files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((name) => [name, readFileSync(`${cgroup}/${name}`, 'utf8').trim()]));
}

/** Directories of the cgroup tree, relative to its root. */
export function cgroups(): string[] {
  return readdirSync(CGROUPS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** `key value` lines, as in cpu.stat and memory.events. */
export function keyed(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([key, value]) => [key, Number(value)]),
  );
}
