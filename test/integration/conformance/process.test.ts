// config.md, "Process", "Root", "Hostname": what the program finds; docs/conformance.md.
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { testSpec } from '../../support/spec.ts';
import { refuse, sh } from './support.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

const mask = (...bits: number[]) =>
  bits
    .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
    .toString(16)
    .padStart(16, '0');

describe('process', () => {
  it('starts in cwd', () =>
    expect(sh(bench, 'pwd', (s) => Object.assign(s.process, { cwd: '/tmp' }))).toBe('/tmp'));

  it('starts in a cwd that is made, also where the root is read-only then', () => {
    const made = sh(bench, 'pwd; touch here 2>&1 || true', (s) => {
      Object.assign(s.process, { cwd: '/new/dir' });
      s.root = { path: 'rootfs', readonly: true };
    });
    expect(made).toBe('/new/dir\ntouch: here: Read-only file system');
  });

  it('has env and nothing else', () => {
    const env = ['PATH=/bin', 'A=1', 'B=two words'];
    const { stdout } = bench.run([
      'run',
      '-b',
      bench.bundle(testSpec(['env'], (s) => Object.assign(s.process, { env }))),
      bench.id(),
    ]);
    const got = stdout.trim().split('\n');
    expect(got).toEqual(expect.arrayContaining(env));
    expect(got.filter((line) => !env.includes(line) && !line.startsWith('HOME='))).toEqual([]);
  });

  it('finds args[0] on the PATH of env', () =>
    expect(
      sh(bench, 'echo $0', (s) =>
        Object.assign(s.process, { args: ['echo', 'found'], env: ['PATH=/none:/bin'] }),
      ),
    ).toBe('found'));

  it('does not find args[0] where env has no PATH, or an empty one', () => {
    for (const env of [['A=1'], [], ['PATH=']])
      refuse(
        bench,
        (s) => Object.assign(s.process, { args: ['sh'], env, cwd: '/bin' }),
        /executable file not found in \$PATH/,
      );
    const absolute = { args: ['/bin/echo', 'found'], env: [] };
    expect(sh(bench, '', (s) => Object.assign(s.process, absolute))).toBe('found');
  });

  it('has the last of a variable that is given twice, for itself and for exec', () => {
    const env = ['PATH=/none', 'A=1', 'PATH=/bin', 'A=2'];
    const change = (s: { process: object }) => Object.assign(s.process, { env });
    expect(sh(bench, 'env | grep -c ^A=; echo $A', change)).toBe('1\n2');
    const id = bench.create(testSpec(['sleep', '1000'], change));
    bench.ok(['start', id]);
    expect(bench.ok(['exec', '--env', 'A=3', id, 'sh', '-c', 'env | grep -c ^A=; echo $A'])).toBe('1\n3\n');
  });

  it('answers the program’s exit code', () =>
    expect(bench.run(['run', '-b', bench.bundle(testSpec(['sh', '-c', 'exit 7'])), bench.id()]).status).toBe(
      7,
    ));

  it('runs as user, group, additional groups, with umask', () => {
    const user = { uid: 1000, gid: 1001, additionalGids: [5, 6], umask: 0o27 };
    const out = sh(bench, 'id -u; id -g; grep Groups /proc/self/status; umask', (s) =>
      Object.assign(s.process, { user }),
    );
    expect(out.replaceAll('\t', ' ').replaceAll(/ +\n/g, '\n')).toBe('1000\n1001\nGroups: 5 6\n0027');
  });

  it('holds the capabilities of each set', () => {
    const capabilities = {
      bounding: ['CAP_KILL', 'CAP_CHOWN'],
      permitted: ['CAP_KILL', 'CAP_CHOWN'],
      inheritable: ['CAP_KILL'],
      effective: ['CAP_KILL'],
      ambient: ['CAP_KILL'],
    };
    const out = sh(bench, 'grep Cap /proc/self/status', (s) =>
      Object.assign(s.process, { capabilities, user: { uid: 1000, gid: 1000 } }),
    );
    const sets = Object.fromEntries(out.split('\n').map((line) => line.split(/:\s+/)));
    expect(sets).toMatchObject({ CapBnd: mask(0, 5), CapInh: mask(5), CapAmb: mask(5), CapEff: mask(5) });
  });

  it('runs without an ambient capability that cannot be had, with a warning', () => {
    const capabilities = {
      bounding: ['CAP_KILL', 'CAP_CHOWN'],
      permitted: ['CAP_KILL'],
      effective: ['CAP_KILL'],
      inheritable: ['CAP_KILL', 'CAP_CHOWN'],
      ambient: ['CAP_KILL', 'CAP_CHOWN'],
    };
    const spec = testSpec(['grep', 'CapAmb', '/proc/self/status'], (s) =>
      Object.assign(s.process, { capabilities }),
    );
    const { status, stdout, stderr } = bench.run(['run', '-b', bench.bundle(spec), bench.id()]);
    expect(stdout).toBe(`CapAmb:\t${mask(5)}\n`);
    expect(stderr).toContain('CAP_CHOWN');
    expect(status).toBe(0);
  });

  it('has the resource limits', () => {
    const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }];
    const out = sh(bench, 'ulimit -Sn; ulimit -Hn', (s) => Object.assign(s.process, { rlimits }));
    expect(out).toBe('100\n200');
  });

  it('refuses a resource limit given twice', () => {
    const limit = { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 };
    refuse(bench, (s) => Object.assign(s.process, { rlimits: [limit, limit] }), /RLIMIT_NOFILE/);
  });

  it('has no_new_privs as asked', () => {
    for (const noNewPrivileges of [true, false])
      expect(
        sh(bench, 'grep NoNewPrivs /proc/self/status', (s) => Object.assign(s.process, { noNewPrivileges })),
      ).toMatch(noNewPrivileges ? /1$/ : /0$/);
  });

  it('has its oom_score_adj', () =>
    expect(
      sh(bench, 'cat /proc/self/oom_score_adj', (s) => Object.assign(s.process, { oomScoreAdj: 500 })),
    ).toBe('500'));

  it('keeps the oom_score_adj of the runtime when none is given', () =>
    expect(sh(bench, 'cat /proc/self/oom_score_adj')).toBe(
      spawnSync('cat', ['/proc/self/oom_score_adj'], { encoding: 'utf8' }).stdout.trim(),
    ));

  it('has its scheduler', () => {
    const scheduler = { policy: 'SCHED_BATCH', nice: 5 };
    const out = sh(bench, 'cat /proc/self/stat', (s) => Object.assign(s.process, { scheduler }));
    const fields = out.slice(out.lastIndexOf(')') + 2).split(' ');
    expect(fields[16]).toBe('5');
    expect(fields[38]).toBe('3');
  });
});

describe('more of the process', () => {
  it('SCHED_IDLE is taken with a nice value', () => {
    const scheduler = { policy: 'SCHED_IDLE', nice: 5 };
    const out = sh(bench, 'cat /proc/self/stat', (s) => Object.assign(s.process, { scheduler }));
    expect(out.slice(out.lastIndexOf(')') + 2).split(' ')[38]).toBe('5');
  });

  it('has the home directory of its user where HOME is empty', () => {
    const env = ['PATH=/bin', 'HOME='];
    const out = sh(bench, 'echo $HOME', (s) => Object.assign(s.process, { env }));
    expect(out).toBe('/');
  });

  it('has its I/O priority', () => {
    const ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
    expect(sh(bench, 'busybox ionice -p $$', (s) => Object.assign(s.process, { ioPriority }))).toBe(
      'best-effort: prio 6',
    );
  });

  it('exec takes its processors from execCPUAffinity', () => {
    const id = bench.create(
      testSpec(['sleep', '1000'], (s) =>
        Object.assign(s.process, { execCPUAffinity: { initial: '0', final: '0' } }),
      ),
    );
    bench.ok(['start', id]);
    expect(bench.ok(['exec', id, 'grep', 'Cpus_allowed_list', '/proc/self/status'])).toMatch(/:\s+0\n/);
  });

  it('ignores consoleSize without a terminal', () =>
    expect(
      sh(bench, 'echo fine', (s) => Object.assign(s.process, { consoleSize: { height: 9, width: 9 } })),
    ).toBe('fine'));
});

describe('root and names', () => {
  it('root is read-only when asked', () => {
    const write = 'touch /x 2>/dev/null && echo written || echo refused';
    expect(sh(bench, write, (s) => Object.assign(s, { root: { path: 'rootfs', readonly: true } }))).toBe(
      'refused',
    );
    expect(sh(bench, write, (s) => Object.assign(s, { root: { path: 'rootfs', readonly: false } }))).toBe(
      'written',
    );
  });

  it('a root that is not there is an error', () =>
    refuse(bench, (s) => Object.assign(s, { root: { path: 'nowhere' } }), /nowhere/));

  it('hostname and domainname are set', () => {
    const out = sh(bench, 'hostname; cat /proc/sys/kernel/domainname', (s) =>
      Object.assign(s, { hostname: 'ada', domainname: 'example' }),
    );
    expect(out).toBe('ada\nexample');
  });
});

describe('what is invalid is refused, by name', () => {
  it.each<[string, Parameters<typeof refuse>[1], RegExp]>([
    ['ociVersion', (s) => Object.assign(s, { ociVersion: 'one' }), /ociVersion/],
    ['cwd', (s) => Object.assign(s.process, { cwd: 'tmp' }), /cwd/i],
    ['args', (s) => Object.assign(s.process, { args: [] }), /args/],
    [
      'rlimit',
      (s) => Object.assign(s.process, { rlimits: [{ type: 'RLIMIT_FOO', hard: 1, soft: 1 }] }),
      /RLIMIT_FOO/,
    ],
    ['namespace', (s) => s.linux.namespaces?.push({ type: 'foo' as 'pid' }), /foo/],
    ['namespace twice', (s) => s.linux.namespaces?.push({ type: 'pid' }), /pid|duplicate/],
    [
      'mappings without user namespace',
      (s) => Object.assign(s.linux, { uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] }),
      /[Uu]ser|USER/,
    ],
    [
      'sysctl of the host',
      (s) => Object.assign(s.linux, { sysctl: { 'vm.swappiness': '1' } }),
      /vm\.swappiness/,
    ],
    [
      'seccomp action',
      (s) => Object.assign(s.linux, { seccomp: { defaultAction: 'SCMP_ACT_FOO' } }),
      /SCMP_ACT_FOO/,
    ],
    ['propagation', (s) => Object.assign(s.linux, { rootfsPropagation: 'sideways' }), /sideways/],
    [
      'device type',
      (s) => Object.assign(s.linux, { devices: [{ path: '/dev/x', type: 'x', major: 1, minor: 1 }] }),
      /x/,
    ],
  ])('%s', (_name, change, message) => refuse(bench, change, message));

  it('but unknown fields are passed over', () =>
    expect(sh(bench, 'echo fine', (s) => Object.assign(s, { unknownToAll: { a: [1] } }))).toBe('fine'));

  it('and unknown capabilities are a warning', () =>
    expect(sh(bench, 'echo fine', (s) => s.process.capabilities?.bounding?.push('CAP_FROM_THE_FUTURE'))).toBe(
      'fine',
    ));
});
