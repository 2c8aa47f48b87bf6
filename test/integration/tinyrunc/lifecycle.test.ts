import { spawn } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerDir } from '../../../src/tinyrunc/container.ts';
import { Bench } from '../../support/bench.ts';
import { hasEnded, rss, TINYRUNC, until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

const SLEEP = ['sleep', '1000'];

function status(id: string): string {
  return bench.state(id).status;
}

describe('create', () => {
  it('leaves a container that runs nothing of its program', () => {
    const spec = testSpec(['sh', '-c', 'echo started']);
    const id = bench.create(spec);
    const state = bench.state(id);
    expect(state).toMatchObject({ id, status: 'created', ociVersion: spec.ociVersion });
    expect(readFileSync(join(String(state.bundle), 'stdout'), 'utf8')).toBe('');
    expect(readFileSync(`/proc/${state.pid}/comm`, 'latin1')).toContain('tinyrun:setup');
  });

  it('waits in 1 MB', () => {
    const { pid } = bench.state(bench.create(testSpec(SLEEP)));
    expect(rss(pid)).toBeLessThanOrEqual(1024);
  });

  it('holds nothing open but its stdio, the fifo and where signals come', () => {
    const { pid } = bench.state(bench.create(testSpec(SLEEP)));
    const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const others = fds.filter((target) => !/\/(stdout|stderr|exec\.fifo)$|^\/dev\/null$/.test(target));
    expect(others.filter((target) => !/memfd:|^\/$|^\/proc|socket:|\[signalfd\]/.test(target))).toEqual([]);
  });

  it.each(['TERM', 'INT', 'HUP', 'USR1', '34', 'KILL'])('is stopped by %s', async (signal) => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['kill', id, 'WINCH']);
    expect(status(id)).toBe('created');
    bench.ok(['kill', id, signal]);
    await until(() => status(id) === 'stopped');
    expect(bench.run(['start', id]).stderr).toContain('cannot start a container that has stopped');
    bench.ok(['delete', id]);
  });

  it('gives its program the signals as they were', async () => {
    const script = 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/1/status';
    const id = bench.create(testSpec(['sh', '-c', `exec ${script}`]));
    const out = join(String(bench.state(id).bundle), 'stdout');
    bench.ok(['start', id]);
    await until(() => status(id) === 'stopped');
    expect(readFileSync(out, 'utf8')).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+\nSigCgt:\t0+\n$/);
  });

  it('is not touched by later changes of config.json', async () => {
    const spec = testSpec(['sh', '-c', 'echo first']);
    const id = bench.create(spec);
    const bundle = String(bench.state(id).bundle);
    bench.write(bundle, testSpec(['sh', '-c', 'echo second']));
    bench.ok(['start', id]);
    await until(() => status(id) === 'stopped');
    expect(readFileSync(join(bundle, 'stdout'), 'utf8')).toBe('first\n');
  });

  it.each([['link'], ['file']])("says of a %s in place of /proc what runc's callers look for", (what) => {
    const bundle = bench.bundle(testSpec(SLEEP));
    const proc = join(bundle, 'rootfs/proc');
    rmdirSync(proc);
    if (what === 'link') symlinkSync('/etc', proc);
    else writeFileSync(proc, '');
    const result = bench.run(['create', '-b', bundle, bench.id()]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('filesystem \\"proc\\" must be mounted on ordinary directory');
  });

  it('refuses an id that exists, and leaves that container alone', () => {
    const id = bench.create(testSpec(SLEEP));
    const result = bench.run(['create', '-b', bench.bundle(testSpec(SLEEP)), id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('container with given ID already exists');
    expect(status(id)).toBe('created');
  });

  it('has one winner when many create the same id at once', async () => {
    const id = bench.id();
    const bundle = bench.bundle(testSpec(SLEEP));
    const args = ['--root', bench.root, 'create', '-b', bundle, id];
    const creators = Array.from({ length: 6 }, () => spawn(TINYRUNC, args, { stdio: 'ignore' }));
    const codes = await Promise.all(
      creators.map((child) => new Promise((resolve) => child.once('exit', resolve))),
    );
    expect(codes.filter((code) => code === 0)).toHaveLength(1);
    expect(status(id)).toBe('created');
  });

  it.each(['', '../x', '.', '..', 'a/b', 'x'.repeat(1025)])('refuses the id %j', (id) => {
    const result = bench.run(['create', '-b', bench.bundle(testSpec(SLEEP)), id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/invalid container ID format|container id cannot be empty/);
  });

  it('takes an id of 1024 characters', () => {
    const id = bench.create(testSpec(SLEEP), bench.id().padEnd(1024, 'x'));
    expect(bench.state(id).id).toBe(id);
    bench.ok(['delete', '--force', id]);
    expect(bench.run(['state', id]).status).toBe(1);
  });

  it('names what is wrong in config.json, by its path, and makes nothing', () => {
    const id = bench.id();
    const bundle = bench.bundle(testSpec(SLEEP));
    const spec = testSpec(SLEEP) as unknown as { linux: { namespaces: unknown } };
    spec.linux.namespaces = [{ type: 'galaxy' }];
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
    const result = bench.run(['create', '-b', bundle, id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('linux.namespaces[0].type');
    expect(existsSync(containerDir(bench.root, id))).toBe(false);
  });

  it.each([
    ['no bundle', '/nowhere', /config\.json/],
    ['no config.json', '/', /config\.json not found/],
  ])('says so when there is %s', (_what, path, message) => {
    const result = bench.run(['create', '-b', path, bench.id()]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
  });

  it('refuses a cgroup in which somebody lives already', () => {
    const first = bench.create(testSpec(SLEEP));
    const cgroup = JSON.parse(
      readFileSync(join(containerDir(bench.root, first), 'state.json'), 'utf8'),
    ).cgroup;
    const path = cgroup.replace('/sys/fs/cgroup/unified', '').replace('/sys/fs/cgroup', '');
    for (const taken of [path, '/']) {
      const spec = testSpec(SLEEP, (s) => {
        if (s.linux) s.linux.cgroupsPath = taken;
      });
      const result = bench.run(['create', '-b', bench.bundle(spec), bench.id()]);
      expect(result.status).toBe(1);
      expect(result.stderr).toMatch(/cgroup is not empty|names the root of the cgroup tree/);
    }
    expect(status(first)).toBe('created');
  });

  it('writes the pid file, without a newline', () => {
    const path = join(bench.dir, 'pid');
    const id = bench.create(testSpec(SLEEP), bench.id(), ['--pid-file', path]);
    expect(readFileSync(path, 'utf8')).toBe(String(bench.state(id).pid));
  });

  it.each([
    ['nope', /executable file not found in \$PATH/],
    ['/nope', /no such file or directory/],
    ['/proc/version', /permission denied/],
  ])('cannot run %s', (program, message) => {
    const id = bench.id();
    const result = bench.run(['create', '-b', bench.bundle(testSpec([program])), id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(existsSync(containerDir(bench.root, id))).toBe(false);
  });
});

describe('start', () => {
  it('runs the program once', async () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['start', id]);
    expect(status(id)).toBe('running');
    const again = bench.run(['start', id]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('cannot start an already running container');
    expect(status(id)).toBe('running');
  });

  it('has one winner when many start at once', async () => {
    const id = bench.create(testSpec(SLEEP));
    const starts = Array.from({ length: 6 }, () =>
      spawn(TINYRUNC, ['--root', bench.root, 'start', id], { stdio: 'ignore' }),
    );
    const codes = await Promise.all(
      starts.map((child) => new Promise((resolve) => child.once('exit', resolve))),
    );
    expect(codes.filter((code) => code === 0)).toHaveLength(1);
    expect(status(id)).toBe('running');
  });

  it('refuses a container that has stopped', async () => {
    const id = bench.create(testSpec(['true']));
    bench.ok(['start', id]);
    await until(() => status(id) === 'stopped');
    const result = bench.run(['start', id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('cannot start a container that has stopped');
  });

  it('refuses a created container whose init was killed', async () => {
    const id = bench.create(testSpec(SLEEP));
    process.kill(bench.state(id).pid, 'SIGKILL');
    await until(() => status(id) === 'stopped');
    expect(bench.run(['start', id]).status).toBe(1);
  });
});

describe('kill', () => {
  it.each(['TERM', 'SIGTERM', '15'])('sends %s', async (signal) => {
    const id = bench.create(testSpec(['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.01; done']));
    bench.ok(['start', id]);
    await until(() => /sleep|sh/.test(readFileSync(`/proc/${bench.state(id).pid}/comm`, 'latin1')));
    await until(() => {
      bench.run(['kill', id, signal]);
      return status(id) === 'stopped';
    });
  });

  it('ends a created container', async () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['kill', id, 'KILL']);
    await until(() => status(id) === 'stopped');
  });

  it('refuses a stopped container, an unknown signal, an unknown container', async () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['kill', id, '9']);
    await until(() => status(id) === 'stopped');
    expect(bench.run(['kill', id, '9']).stderr).toContain('container not running');
    expect(bench.run(['kill', id, 'NOPE']).stderr).toContain('unknown signal');
    expect(bench.run(['kill', 'no-such', '9']).stderr).toContain('container does not exist');
    expect(bench.run(['kill', '--all', id, '9']).status).toBe(0);
  });

  it('reaches every process with --all', async () => {
    const spec = testSpec(['sh', '-c', 'sleep 1000 & sleep 1000'], (s) => {
      // the host's pid namespace: the first process takes nobody with it
      if (s.linux) s.linux.namespaces = s.linux.namespaces?.filter(({ type }) => type !== 'pid') ?? [];
    });
    const id = bench.create(spec);
    bench.ok(['start', id]);
    const pids = (): number[] => JSON.parse(bench.ok(['ps', '-f', 'json', id]));
    await until(() => pids().length >= 2);
    bench.ok(['kill', '-a', id, 'KILL']);
    await until(() => pids().length === 0);
  });
});

describe('delete', () => {
  it('refuses a running container', () => {
    const id = bench.create(testSpec(SLEEP));
    bench.ok(['start', id]);
    const result = bench.run(['delete', id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`cannot delete container ${id} that is not stopped: running`);
    expect(status(id)).toBe('running');
    bench.ok(['delete', '--force', id]);
    expect(bench.run(['state', id]).status).toBe(1);
  });

  it('takes back cgroup, directory and processes', async () => {
    const id = bench.create(testSpec(SLEEP));
    const { pid } = bench.state(id);
    const cgroup = JSON.parse(readFileSync(join(containerDir(bench.root, id), 'state.json'), 'utf8')).cgroup;
    expect(existsSync(cgroup)).toBe(true);
    bench.ok(['delete', '-f', id]);
    expect(existsSync(cgroup)).toBe(false);
    await until(() => hasEnded(pid));
    expect(existsSync(containerDir(bench.root, id))).toBe(false);
  });

  it('kills what outlived the first process in the host’s pid namespace', async () => {
    const spec = testSpec(['sh', '-c', 'sleep 1000 & exec sleep 1000'], (s) => {
      if (s.linux) s.linux.namespaces = s.linux.namespaces?.filter(({ type }) => type !== 'pid') ?? [];
    });
    const id = bench.create(spec);
    bench.ok(['start', id]);
    const pids = (): number[] => JSON.parse(bench.ok(['ps', '-f', 'json', id]));
    await until(() => pids().length === 2);
    const first = bench.state(id).pid;
    const left = pids().find((pid) => pid !== first) ?? 0;
    // not by `kill`, which would end both
    process.kill(first, 'SIGKILL');
    await until(() => status(id) === 'stopped');
    expect(hasEnded(left)).toBe(false);
    bench.ok(['delete', id]);
    await until(() => hasEnded(left));
  });

  it('is an error for an unknown id, unless forced', () => {
    expect(bench.run(['delete', 'no-such']).stderr).toContain('container does not exist');
    expect(bench.run(['delete', 'no-such']).status).toBe(1);
    expect(bench.run(['delete', '--force', 'no-such']).status).toBe(0);
  });

  it('takes back a container whose state is damaged, when forced', async () => {
    const id = bench.create(testSpec(SLEEP));
    const { pid } = bench.state(id);
    writeFileSync(join(containerDir(bench.root, id), 'state.json'), '{"id":');
    expect(bench.run(['state', id]).status).toBe(1);
    expect(bench.run(['delete', id]).status).toBe(1);
    bench.ok(['delete', '--force', id]);
    await until(() => hasEnded(pid));
  });
});
