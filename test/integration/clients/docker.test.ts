import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINYRUNC, until } from '../../support/programs.ts';
import {
  type Client,
  clientOf,
  daemon,
  end,
  installed,
  ok,
  onTerminal,
  removeCgroups,
  removeDocker,
  rootfsTar,
} from './support.ts';

let dir: string;
let docker: Client;
let dockerd: ChildProcess;
let host: string;
let rules: string;
const available = installed('dockerd', 'docker', 'containerd');

// No bridge and no iptables: the host's packet filter is not the test's to change.
beforeAll(async () => {
  if (!available) return;
  rules = spawnSync('iptables-save', { encoding: 'utf8' }).stdout;
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-dk-'));
  host = `unix://${dir}/sock`;
  const roots = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '-p', join(dir, 'pid')];
  const network = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];
  const runtime = ['--add-runtime', `tinyrun=${TINYRUNC}`, '--default-runtime', 'tinyrun'];
  dockerd = daemon('dockerd', [...roots, ...network, ...runtime, '-H', host], join(dir, 'log'));
  docker = clientOf('docker', ['-H', host]);
  await until(() => docker('version').status === 0);
  ok(docker('import', rootfsTar(dir), 'bb'));
});

afterAll(async () => {
  if (!available) return;
  const left = docker('ps', '-aq').stdout.split('\n').filter(Boolean);
  if (left.length > 0) docker('rm', '-f', ...left);
  await end(dockerd);
  removeCgroups('docker');
  removeDocker(dir);
});

describe.skipIf(!available)('docker run --runtime tinyrun', () => {
  it('runs, with output and exit code', () => {
    expect(ok(docker('run', '--rm', '--runtime', 'tinyrun', 'bb', 'echo', 'hello'))).toBe('hello\n');
    expect(docker('run', '--rm', 'bb', 'sh', '-c', 'exit 7').status).toBe(7);
  });

  it.each([
    ['nope', 127, 'executable file not found in $PATH'],
    ['/nope', 127, 'no such file or directory'],
    ['/etc', 126, 'permission denied'],
  ])('ends as docker does for %s', (program, code, message) => {
    const result = docker('run', '--rm', 'bb', program);
    expect(result.status).toBe(code);
    expect(result.stderr).toContain(message);
  });

  it('runs on a terminal', () => {
    expect(onTerminal(['docker', '-H', host, 'run', '--rm', '-t', 'bb', 'tty'])).toMatch(
      /^\/dev\/pts\/0\r+\n$/,
    );
  });

  it('has the default hardening', () => {
    const status = ok(docker('run', '--rm', 'bb', 'cat', '/proc/self/status'));
    expect(status).toMatch(/^CapInh:\t0+$/m);
    expect(status).toMatch(/^CapEff:\t00000000a80425fb$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  it('keeps a detached one: exec, logs, top, stats, pause, restart, kill, stop, rm', async () => {
    const name = 'life';
    ok(
      docker(
        'run',
        '-d',
        '--name',
        name,
        'bb',
        'sh',
        '-c',
        'trap "exit 0" TERM; echo logged; while :; do sleep 0.05; done',
      ),
    );
    expect(ok(docker('exec', name, 'echo', 'inside'))).toBe('inside\n');
    expect(docker('exec', name, 'sh', '-c', 'exit 4').status).toBe(4);
    expect(onTerminal(['docker', '-H', host, 'exec', '-t', name, 'tty'])).toMatch(/^\/dev\/pts\/0\r+\n$/);
    const logged = (times: number) => until(() => ok(docker('logs', name)) === 'logged\n'.repeat(times));
    await logged(1);
    expect(ok(docker('top', name))).toContain('sh -c');
    ok(docker('stats', '--no-stream', name));
    ok(docker('pause', name));
    expect(ok(docker('inspect', '-f', '{{.State.Status}}', name)).trim()).toBe('paused');
    ok(docker('unpause', name));
    ok(docker('restart', '-t', '1', name));
    // its trap is there by then
    await logged(2);
    ok(docker('kill', '-s', 'TERM', name));
    expect(ok(docker('wait', name)).trim()).toBe('0');
    ok(docker('start', name));
    ok(docker('stop', '-t', '2', name));
    ok(docker('rm', name));
  });

  it('leaves the host’s packet filter as it was', () => {
    const now = spawnSync('iptables-save', { encoding: 'utf8' }).stdout;
    const plain = (text: string) => text.split('\n').filter((line) => !/^#|^:/.test(line));
    expect(plain(now)).toEqual(plain(rules));
  });
});
