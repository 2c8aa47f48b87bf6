import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC, until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
let id: string;
beforeAll(() => {
  bench = new Bench();
  id = bench.create(testSpec(['sleep', '1000']));
  bench.ok(['start', id]);
});
afterAll(() => bench.dispose());

function processFile(change: object): string {
  const path = join(bench.dir, `process-${Math.random()}.json`);
  const base = { terminal: false, user: { uid: 0, gid: 0 }, args: ['true'], env: ['PATH=/bin'], cwd: '/' };
  writeFileSync(path, JSON.stringify({ ...base, ...change }));
  return path;
}

describe('exec', () => {
  it('runs in the container’s namespaces and cgroup', () => {
    const out = bench.ok(['exec', id, 'sh', '-c', 'echo $$; hostname; cat /proc/self/cgroup | grep 0::']);
    const [pid, hostname, cgroup] = out.trim().split('\n');
    expect(Number(pid)).toBeGreaterThan(1);
    expect(hostname).toBe('tinyrunc');
    expect(cgroup).toBe('0::/');
  });

  it('passes stdin, stdout, stderr and the exit code', () => {
    const result = bench.run(['exec', id, 'sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'in' });
    expect(result).toMatchObject({ status: 3, stdout: 'in', stderr: 'err\n' });
  });

  it('ends with 128+n when a signal ended the process', () => {
    expect(bench.run(['exec', id, 'sh', '-c', 'kill -TERM $$']).status).toBe(143);
  });

  it('does as its flags say', () => {
    const flags = ['--cwd', '/tmp', '-e', 'A=b c', '-u', '7:8', '-g', '9', '--env', 'B=d'];
    const out = bench.ok(['exec', ...flags, id, 'sh', '-c', 'pwd; echo $A $B; id -u; id -g; id -G']);
    expect(out).toBe('/tmp\nb c d\n7\n8\n8 9\n');
  });

  it('adds capabilities, but never to the inheritable set (CVE-2022-29162)', () => {
    const caps = (...flags: string[]): Record<string, string> =>
      Object.fromEntries(
        bench
          .ok(['exec', ...flags, id, 'grep', '^Cap', '/proc/self/status'])
          .trim()
          .split('\n')
          .map((line) => line.split(':\t') as [string, string]),
      );
    expect(BigInt(`0x${caps('--cap', 'CAP_NET_ADMIN').CapEff}`) & (1n << 12n)).not.toBe(0n);
    expect(BigInt(`0x${caps().CapEff}`) & (1n << 12n)).toBe(0n);
    expect(caps('--cap', 'CAP_NET_ADMIN').CapInh).toBe('0000000000000000');
    expect(caps().CapInh).toBe('0000000000000000');
  });

  it('reads a process from a file', () => {
    const path = processFile({
      args: ['sh', '-c', 'echo $X; umask'],
      env: ['PATH=/bin', 'X=y'],
      user: { uid: 5, gid: 5, umask: 0o27 },
    });
    expect(bench.ok(['exec', '--process', path, id])).toBe('y\n0027\n');
  });

  it('names what is wrong in that file', () => {
    const result = bench.run(['exec', '-p', processFile({ cwd: 'relative' }), id]);
    expect(result.status).toBe(255);
    expect(result.stderr).toContain('process.cwd');
  });

  it('writes the pid file and leaves with --detach', async () => {
    const pidFile = join(bench.dir, 'exec.pid');
    const out = openSync('/dev/null', 'w');
    const args = ['--root', bench.root, 'exec', '-d', '--pid-file', pidFile, id, 'sleep', '1000'];
    expect(spawnSync(TINYRUNC, args, { stdio: ['ignore', out, out], timeout: 120_000 }).status).toBe(0);
    closeSync(out);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await until(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sleep'));
    expect(JSON.parse(bench.ok(['ps', '-f', 'json', id]))).toContain(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => !JSON.parse(bench.ok(['ps', '-f', 'json', id])).includes(pid));
  });

  it('leaves no process that it could not tell of', () => {
    const before = bench.ok(['ps', '-f', 'json', id]);
    for (const flags of [
      ['--pid-file', '/nowhere/pid'],
      ['--pidfd-socket', '/nowhere/socket'],
    ]) {
      const result = bench.run(['exec', '-d', ...flags, id, 'sleep', '1000']);
      expect(result.status).toBe(255);
      expect(result.stderr).toMatch(/\/nowhere\/.*no such file or directory/);
    }
    expect(bench.ok(['ps', '-f', 'json', id])).toBe(before);
  });

  it('says which capabilities it does not know', () => {
    const { status, stderr } = bench.run(['exec', '--cap', 'CAP_NOPE', id, 'true']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/level=warning.*CAP_NOPE/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['nope', /executable file not found in \$PATH/],
    ['/nope', /no such file or directory/],
    ['/etc', /permission denied/],
  ])('cannot run %s', (program, message) => {
    const result = bench.run(['exec', id, program]);
    expect(result.status).toBe(255);
    expect(result.stderr).toMatch(message);
  });

  it.each(['/proc/self/fd/3', '/proc/self/fd/7', '/proc/self/fd/251'])(
    'refuses --cwd %s (CVE-2024-21626)',
    (cwd) => {
      const fd = openSync('/etc', 'r');
      const script = `exec 7</etc 251</etc; exec ${TINYRUNC} --root ${bench.root} exec --cwd ${cwd} ${id} cat hostname`;
      const result = spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 120_000 });
      closeSync(fd);
      expect(result.status).not.toBe(0);
      expect(result.stdout).toBe('');
    },
  );

  it('keeps the fds that --preserve-fds names, and no others', () => {
    const script = `exec 3<${TINYRUNC} 4</etc/hostname 5</etc/hostname; exec ${TINYRUNC} --root ${bench.root} exec --preserve-fds 2 ${id} ls /proc/self/fd`;
    const result = spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 120_000 });
    expect(result.stderr).toBe('');
    // 5 is ls's own look at the directory
    expect(result.stdout.trim().split('\n')).toEqual(['0', '1', '2', '3', '4', '5']);
    const none = spawnSync('bash', ['-c', script.replace('--preserve-fds 2', '')], { encoding: 'utf8' });
    expect(none.stdout.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });

  it('refuses to preserve what is not open', () => {
    const result = bench.run(['exec', '--preserve-fds', '3', id, 'true']);
    expect(result.status).toBe(255);
    expect(result.stderr).toMatch(/file descriptor \d of 3 to preserve is not open/);
  });

  it('refuses stopped and unknown containers', async () => {
    const stopped = bench.create(testSpec(['true']));
    bench.ok(['start', stopped]);
    await until(() => bench.state(stopped).status === 'stopped');
    expect(bench.run(['exec', stopped, 'true']).stderr).toContain('cannot exec in a stopped container');
    expect(bench.run(['exec', 'no-such', 'true']).stderr).toContain('container does not exist');
    expect(bench.run(['exec', id]).stderr).toContain('process args cannot be empty');
  });

  it('runs in a sub-cgroup that exists, and climbs out of none', () => {
    const cgroup = JSON.parse(readFileSync(join(bench.root, id, 'state.json'), 'utf8')).cgroup as string;
    const refused = (path: string): string => {
      const { status, stderr } = bench.run(['exec', '--cgroup', path, id, 'true']);
      expect(status).toBe(255);
      return stderr;
    };
    expect(refused('nope')).toContain(`cannot join cgroup ${cgroup}/nope: no such file or directory`);
    for (const path of ['..', '../..', `../${id}`, 'a/../../b', ':..'])
      expect(refused(path)).toContain(`${path.replace(/^:/, '')} is not a sub cgroup path`);
    expect(existsSync(join(cgroup, 'nope'))).toBe(false);
  });
});
