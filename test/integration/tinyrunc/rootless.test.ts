import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rootlessTemplate } from '../../../src/spec/template.ts';
import type { Spec } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC, until } from '../../support/programs.ts';

const UID = 61_234;
let bench: Bench;
let home: string;

/** Hands a tree to the user. */
function give(path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath ?? entry.path, entry.name), UID, UID);
  }
  chownSync(path, UID, UID);
}

function user(...args: readonly string[]) {
  return spawnSync(TINYRUNC, args, {
    uid: UID,
    gid: UID,
    encoding: 'utf8',
    input: '',
    timeout: 120_000,
    cwd: '/',
    env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: home },
  });
}

function spec(...args: readonly string[]): Spec {
  const template = rootlessTemplate({ uid: UID, gid: UID, cgroup2: true });
  return { ...template, process: { ...template.process, cwd: '/', terminal: false, args } };
}

beforeAll(() => {
  bench = new Bench();
  chmodSync(bench.dir, 0o755);
  home = join(bench.dir, 'home');
  mkdirSync(home);
  chownSync(home, UID, UID);
});
afterAll(() => bench.dispose());

describe('without root', () => {
  it('runs as root of a user namespace', () => {
    const bundle = bench.bundle(
      spec('sh', '-c', 'id -u; cat /proc/self/uid_map; touch /tmp/x 2>&1; echo $$'),
    );
    give(bundle);
    const { status, stdout, stderr } = user('run', '-b', bundle, 'one');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^0\\n\\s+0\\s+${UID}\\s+1\\n.*Read-only file system\\n1\\n$`));
  });

  it('goes through the whole life', async () => {
    const bundle = bench.bundle(spec('sleep', '1000'));
    give(bundle);
    const made = spawnSync(
      'sh',
      ['-c', `exec ${TINYRUNC} create -b ${bundle} two >/dev/null 2>&1 </dev/null`],
      {
        uid: UID,
        gid: UID,
        env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: home },
      },
    );
    expect(made.status).toBe(0);
    expect(user('start', 'two').status).toBe(0);
    expect(user('exec', 'two', 'id', '-u').stdout).toBe('0\n');
    expect(JSON.parse(user('state', 'two').stdout).status).toBe('running');
    expect(user('kill', 'two', 'KILL').status).toBe(0);
    await until(() => JSON.parse(user('state', 'two').stdout).status === 'stopped');
    expect(user('delete', 'two').status).toBe(0);
    expect(readdirSync(join(home, 'tinyrunc')).filter((name) => !name.startsWith('~'))).toEqual([]);
  });

  it('leaves a bind what the kernel has locked, and refuses to take away what is named', () => {
    const source = join(bench.dir, 'locked');
    mkdirSync(source);
    const outcome = (...options: string[]) => {
      const bundle = bench.bundle(spec('grep', ' /mnt ', '/proc/self/mountinfo'));
      const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
      config.mounts.push({ destination: '/mnt', type: 'bind', source, options });
      bench.write(bundle, config);
      mkdirSync(join(bundle, 'rootfs/mnt'));
      give(bundle);
      const run = `exec setpriv --reuid ${UID} --regid ${UID} --clear-groups ${TINYRUNC} run -b ${bundle} locked`;
      const mount = `mount -t tmpfs -o ro,nosuid,nodev,noexec locked ${source}`;
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', `${mount} && ${run}`], {
        encoding: 'utf8',
        cwd: '/',
        env: { PATH: process.env.PATH, XDG_RUNTIME_DIR: home },
      });
      return { status, stderr, options: /\/mnt ([a-z,]+)/.exec(stdout)?.[1] };
    };
    const locked = { status: 0, stderr: '', options: expect.stringMatching(/^ro,nosuid,nodev,noexec/) };
    expect(outcome('bind')).toEqual(locked);
    // of one that sets an attribute the others are its own (mount(8)), as far as that goes
    expect(outcome('bind', 'nosuid')).toEqual(locked);
    expect(outcome('rbind', 'noexec')).toEqual(locked);
    const refused = outcome('bind', 'rw', 'exec');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('EPERM');
  });

  it('cannot see or end the containers of others', () => {
    const id = bench.create(spec('sleep', '1000'));
    expect(user('--root', bench.root, 'kill', id, 'KILL').status).toBe(1);
    expect(bench.state(id).status).toBe('created');
  });
});
