import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINYRUNC, until } from '../../support/programs.ts';
import { type Client, clientOf, installed, ok, onTerminal, removeCgroups, rootfsTar } from './support.ts';

let dir: string;
let podman: Client;
let words: string[];
let env: NodeJS.ProcessEnv;
const available = installed('podman', 'conmon');

// Without CAP_SYS_RESOURCE podman's own default ulimits cannot be set.
const CONFIG = `[containers]
default_ulimits=["nofile=1024:4096","nproc=4096:8192"]
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="tinyrunc"
runtime_supports_json=["tinyrunc"]
[engine.runtimes]
tinyrunc=["${TINYRUNC}"]
`;

beforeAll(() => {
  if (!available) return;
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-podman-'));
  writeFileSync(join(dir, 'containers.conf'), CONFIG);
  // that of Debian 13 warns on a terminal where it meets cgroup v1
  env = { CONTAINERS_CONF: join(dir, 'containers.conf'), PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };
  words = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs'];
  podman = clientOf('podman', words, env);
  ok(podman('import', rootfsTar(dir), 'bb'));
});

afterAll(() => {
  if (!available) return;
  podman('rm', '-f', '-t', '0', '-a');
  removeCgroups('libpod_parent');
  rmSync(dir, { recursive: true, force: true });
});

/** Flags of a run that needs no network set-up. */
const RUN = ['run', '--network', 'none'];

describe.skipIf(!available)('podman --runtime tinyrunc', () => {
  it('runs, with output, input and exit code', () => {
    expect(ok(podman(...RUN, '--rm', 'bb', 'echo', 'hello'))).toBe('hello\n');
    expect(podman(...RUN, '--rm', 'bb', 'sh', '-c', 'exit 7').status).toBe(7);
  });

  it('knows the version, and that it is the runtime', () => {
    const info = JSON.parse(ok(podman('info', '--format', 'json')));
    expect(info.host.ociRuntime).toMatchObject({ name: 'tinyrunc', path: TINYRUNC });
    expect(info.host.ociRuntime.version).toMatch(/^tinyrunc version .*\ncommit: .*\nspec: 1\.3/);
  });

  it.each([
    ['nope', 127, 'executable file not found in $PATH'],
    ['/nope', 127, 'no such file or directory'],
    ['/etc', 126, 'permission denied'],
  ])('ends as podman does for %s', (program, code, message) => {
    const result = podman(...RUN, '--rm', 'bb', program);
    expect(result.status).toBe(code);
    expect(result.stderr).toContain(message);
  });

  it('runs on a terminal', () => {
    const out = onTerminal(
      ['podman', ...words, ...RUN, '--rm', '-t', 'bb', 'sh', '-c', 'tty; ls -l /dev/console'],
      env,
    );
    expect(out).toMatch(/^\/dev\/pts\/0\r\n.*\/dev\/console/);
  });

  it('keeps a detached one: exec, logs, top, pause, kill, restart, stop, rm', async () => {
    const name = 'life';
    ok(
      podman(
        ...RUN,
        '-d',
        '--name',
        name,
        'bb',
        'sh',
        '-c',
        'trap "exit 0" TERM; echo logged; while :; do sleep 0.05; done',
      ),
    );
    expect(ok(podman('exec', name, 'echo', 'inside'))).toBe('inside\n');
    expect(podman('exec', name, 'sh', '-c', 'exit 4').status).toBe(4);
    expect(podman('exec', name, 'nope').status).toBe(127);
    expect(onTerminal(['podman', ...words, 'exec', '-t', name, 'tty'], env)).toBe('/dev/pts/0\r\n');
    const logged = (times: number) => until(() => ok(podman('logs', name)) === 'logged\n'.repeat(times));
    await logged(1);
    expect(ok(podman('top', name))).toContain('sh -c');
    ok(podman('pause', name));
    expect(ok(podman('inspect', '-f', '{{.State.Status}}', name)).trim()).toBe('paused');
    ok(podman('unpause', name));
    ok(podman('restart', '-t', '1', name));
    // its trap is there by then
    await logged(2);
    ok(podman('kill', '-s', 'TERM', name));
    expect(ok(podman('wait', name)).trim()).toBe('0');
    ok(podman('start', name));
    ok(podman('stop', '-t', '2', name));
    ok(podman('rm', name));
  });

  it('runs a health check', () => {
    ok(
      podman(
        ...RUN,
        '-d',
        '--name',
        'healthy',
        '--health-cmd',
        'true',
        '--health-interval',
        'disable',
        'bb',
        'sleep',
        '1000',
      ),
    );
    expect(podman('healthcheck', 'run', 'healthy').status).toBe(0);
    ok(podman('rm', '-f', '-t', '0', 'healthy'));
  });

  it('updates limits, of which a hybrid host has none to reach', () => {
    ok(podman(...RUN, '-d', '--name', 'limited', '-m', '64m', 'bb', 'sleep', '1000'));
    ok(podman('update', '--cpu-shares', '512', 'limited'));
    ok(podman('rm', '-f', '-t', '0', 'limited'));
  });

  it('leaves nothing behind', () => {
    expect(ok(podman('ps', '-aq'))).toBe('');
  });
});
