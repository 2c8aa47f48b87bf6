import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeRootfs } from '../../../scripts/lib/rootfs.mjs';

/** Whether a program is installed; says so when it is not, since its tests are skipped then. */
export function installed(...programs: readonly string[]): boolean {
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length === 0) return true;
  process.stderr.write(
    `skipped: ${missing.join(', ')} not installed (apt-get install ${missing.join(' ')})\n`,
  );
  return false;
}

/** A root filesystem with busybox as a tar file, for `import`. */
export function rootfsTar(dir: string): string {
  const root = makeRootfs(join(dir, 'rootfs'));
  const tar = join(dir, 'rootfs.tar');
  const { status, stderr } = spawnSync('tar', ['-C', root, '-cf', tar, '.'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return tar;
}

/** A client of a runtime, run to its end. */
export type Client = (...args: readonly string[]) => SpawnSyncReturns<string>;

export function clientOf(program: string, fixed: readonly string[], env: NodeJS.ProcessEnv = {}): Client {
  const { NODE_EXTRA_CA_CERTS: _, ...clean } = process.env;
  return (...args) =>
    spawnSync(program, [...fixed, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...clean, ...env },
      input: '',
    });
}

/** Its standard output; throws with its words when it fails. */
export function ok(result: SpawnSyncReturns<string>): string {
  if (result.status === 0) return result.stdout;
  throw new Error(`exit ${result.status} ${result.signal ?? ''}: ${result.stderr}${result.stdout}`);
}

/** The command on a terminal of its own, by script(1); answers what it printed. */
export function onTerminal(command: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const result = spawnSync('script', ['-qec', line, '/dev/null'], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, ...env },
  });
  return result.stdout;
}

/** A daemon with its output in a file. */
export function daemon(program: string, args: readonly string[], log: string): ChildProcess {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const fd = openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', fd, fd], env });
  closeSync(fd);
  return child;
}

/** Ends a daemon and waits for that. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Removes what a dockerd had below `dir`. That of Debian 13 leaves its data root mounted on itself. */
export function removeDocker(dir: string): void {
  spawnSync('umount', [join(dir, 'data')]);
  rmSync(dir, { recursive: true });
}

/** Removes the empty cgroups that a client leaves for its parents' sake. */
export function removeCgroups(name: string): void {
  // each controller of v1 has a tree of its own
  const roots = [
    '/sys/fs/cgroup',
    ...readdirSync('/sys/fs/cgroup').map((tree) => join('/sys/fs/cgroup', tree)),
  ];
  for (const root of roots)
    if (existsSync(join(root, name)))
      spawnSync('find', [join(root, name), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
}
