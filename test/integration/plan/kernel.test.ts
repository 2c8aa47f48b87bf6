import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { compileSeccomp } from '../../../src/runtime/seccomp.ts';
import { defaultSeccomp } from '../../../src/spec/seccomp.ts';
import type { LinuxNamespaceType } from '../../../src/spec/types.ts';
import type { MutableSpec } from '../../support/spec.ts';
import { Kernel, MAPPED, MAPS, userNamespace, without } from './support.ts';

// What the compiler makes of a spec, held against the kernel.

const kernel = new Kernel();
afterAll(() => kernel.dispose());

const ALWAYS = compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' });
const joinOwn = (spec: MutableSpec, type: LinuxNamespaceType, file: string) => {
  without(spec, type);
  spec.linux.namespaces?.push({ type, path: `/proc/self/ns/${file}` });
};
/** sysfs and masks below it belong to the network namespace's owner. */
const withoutSys = (spec: MutableSpec) => {
  spec.linux.sysctl = {};
  spec.linux.maskedPaths = [];
  spec.mounts = spec.mounts.filter(({ type }) => type !== 'sysfs' && type !== 'cgroup');
};

describe('namespaces', () => {
  test('the default container: first process, loopback up, root of its cgroup tree', async () => {
    const { out } = await kernel.run('echo $$; ip link show lo | head -1; grep ^0: /proc/self/cgroup');
    expect(out).toMatch(/^1\n1: lo: <LOOPBACK,UP,LOWER_UP>.*\n0::\/$/);
  });

  test('a user namespace: root inside, nobody outside, devices of the host', async () => {
    const { out } = await kernel.run(
      'id -u; cat /proc/self/uid_map; echo x > /dev/null; stat -c %u / /dev/null',
      userNamespace,
    );
    expect(out.split('\n').map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      '0',
      `0 ${MAPPED} 65536`,
      '0',
      '65534',
    ]);
  });

  test.each<[LinuxNamespaceType, string]>([
    ['network', 'ls /sys | wc -l'],
    ['pid', 'ls -d /proc/[0-9]* | wc -l'],
    // Not every host has /dev/mqueue: then the container has none.
    ['ipc', 'ls /dev | wc -l'],
  ])('a user namespace without its own %s namespace: what it owns no more is bound', async (type, count) => {
    const { out, code } = await kernel.run(`id -u; ${count}`, (spec) => {
      userNamespace(spec);
      without(spec, type);
      spec.linux.sysctl = {};
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^0\n[1-9]/);
  });

  test('clocks', async () => {
    const host = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    for (const user of [false, true]) {
      const { out } = await kernel.run('cat /proc/uptime', (spec) => {
        if (user) userNamespace(spec);
        spec.linux.namespaces?.push({ type: 'time' });
        spec.linux.timeOffsets = { boottime: { secs: 864000 } };
      });
      expect(Number(out.split(' ')[0])).toBeGreaterThanOrEqual(host + 864000);
    }
  });

  test.each<[LinuxNamespaceType, string]>([
    ['network', 'net'],
    ['pid', 'pid'],
    ['ipc', 'ipc'],
  ])('a joined %s namespace', async (type, file) => {
    const { out } = await kernel.run(`ls -l /proc/self/ns/${file}`, (spec) => {
      joinOwn(spec, type, file);
      spec.linux.sysctl = {};
    });
    expect(out).toContain(readlinkSync(`/proc/self/ns/${file}`));
  });

  test('joined ones with a new user namespace', async () => {
    const { out } = await kernel.run('id -u; ls -l /proc/self/ns/net', (spec) => {
      userNamespace(spec);
      joinOwn(spec, 'network', 'net');
      withoutSys(spec);
    });
    expect(out).toMatch(/^0\n/);
    expect(out).toContain(readlinkSync('/proc/self/ns/net'));
  });
});

describe('mounts', () => {
  test('an idmapped bind', async () => {
    const { out } = await kernel.run('stat -c %u /data/bin /data/bin/sh', (spec) => {
      spec.mounts.push({
        destination: '/data',
        type: 'bind',
        source: kernel.rootfs,
        options: ['bind', 'idmap', 'ro'],
        uidMappings: [{ containerID: MAPPED, hostID: 7, size: 1 }],
        gidMappings: MAPS,
      });
    });
    expect(out).toBe('7\n65534');
  });

  test('a source that the root of a user namespace could not walk to', async () => {
    const { out, code } = await kernel.run('ls -d /data; touch /data/x', (spec) => {
      userNamespace(spec);
      spec.mounts.push({ destination: '/data', type: 'bind', source: '/root', options: ['rbind', 'ro'] });
    });
    expect(out).toMatch(/^\/data\n.*(Read-only|Permission denied)/);
    expect(code).not.toBe(0);
  });

  test('recursive attributes, read-only tmpfs and /dev, copy-up', async () => {
    const { out } = await kernel.run(
      'grep -E " (/data|/run) " /proc/mounts; touch /run/x /dev/x /data/x; ls /etc/kept; stat -c %a /work',
      (spec) => {
        spec.mounts[1]?.options?.push('ro');
        spec.mounts.push(
          {
            destination: '/data',
            type: 'bind',
            source: kernel.rootfs,
            options: ['rbind', 'rro', 'rnosuid', 'rnoatime'],
          },
          { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'size=1m'] },
          { destination: '/work', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] },
        );
      },
    );
    expect(out).toMatch(/ \/data \S+ ro,nosuid,noatime/);
    expect(out).toMatch(/ \/run tmpfs ro,/);
    expect(out.match(/Read-only file system/g)).toHaveLength(3);
    expect(out).toMatch(/\n755$/);
  });
});

describe('root', () => {
  test.each([
    [
      'read-only',
      (spec: MutableSpec) => Object.assign(spec, { root: { path: 'rootfs', readonly: true } }),
      {},
    ],
    ['without a pivot', () => {}, { noPivot: true }],
    ['shared', (spec: MutableSpec) => Object.assign(spec.linux, { rootfsPropagation: 'rshared' }), {}],
    ['private', (spec: MutableSpec) => Object.assign(spec.linux, { rootfsPropagation: 'private' }), {}],
  ] as const)('%s', async (_name, change, options) => {
    const { out, code } = await kernel.run('ls -d /bin /proc /usr 2>/dev/null; true', change, options);
    expect(out).toBe('/bin\n/proc');
    expect(code).toBe(0);
  });

  test('without a mount namespace', async () => {
    const { out } = await kernel.run('echo $$; ls -d /bin', (spec) => {
      spec.linux.namespaces = [{ type: 'pid' }];
      Object.assign(spec, { mounts: [] });
      Object.assign(spec.linux, { maskedPaths: [], readonlyPaths: [], sysctl: {} });
    });
    expect(out).toBe('1\n/bin');
  });
});

describe('process', () => {
  test('attributes survive to the program; a small limit does not stop the set-up', async () => {
    const { out } = await kernel.run(
      'uname -m; cat /proc/self/oom_score_adj; grep -E "open files|core file" /proc/self/limits; umask; pwd; id',
      (spec) => {
        Object.assign(spec.process, {
          cwd: '/work',
          oomScoreAdj: 500,
          rlimits: [
            { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
            { type: 'RLIMIT_NOFILE', soft: 5, hard: 100 },
          ],
          user: { uid: 7, gid: 8, umask: 0o27, additionalGids: [9] },
          scheduler: { policy: 'SCHED_BATCH', nice: 5 },
          ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 7 },
        });
        if (process.arch === 'x64') Object.assign(spec.linux, { personality: { domain: 'LINUX32' } });
      },
    );
    const [machine, ...rest] = out.replace(/ +/g, ' ').split('\n');
    expect(machine).toMatch(process.arch === 'x64' ? /^i686$/ : /^aarch64$/);
    expect(rest).toEqual([
      '500',
      'Max core file size 0 0 bytes ',
      'Max open files 5 100 files ',
      '0027',
      '/work',
      'uid=7 gid=8 groups=9',
    ]);
  });

  test.each([false, true])(
    'seccomp with no_new_privs %s: CAP_SYS_ADMIN does not stay',
    async (noNewPrivileges) => {
      const profile = defaultSeccomp([], process.arch);
      const { out } = await kernel.run(
        'grep -E "^(CapEff|CapPrm|NoNewPrivs|Seccomp):" /proc/self/status',
        (spec) =>
          Object.assign(spec.process, { noNewPrivileges }) && Object.assign(spec.linux, { seccomp: profile }),
        { seccomp: compileSeccomp(profile) },
      );
      expect(out.split('\n')).toEqual([
        'CapPrm:\t00000000a80425fb',
        'CapEff:\t00000000a80425fb',
        `NoNewPrivs:\t${noNewPrivileges ? 1 : 0}`,
        'Seccomp:\t2',
      ]);
    },
  );

  test('devices: what the rules do not name is refused, whoever asks', async () => {
    const fuse = { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666 } as const;
    const run = (allow: boolean) =>
      kernel.run(
        '(: < /dev/fuse) 2>/dev/null && echo read; (: > /dev/fuse) 2>/dev/null && echo written; echo end',
        (spec) => {
          spec.linux.devices = [fuse];
          if (allow)
            spec.linux.resources?.devices?.push({
              allow: true,
              type: 'c',
              major: 10,
              minor: 229,
              access: 'r',
            });
        },
      );
    expect((await run(false)).out).toBe('end');
    expect((await run(true)).out).toBe('read\nend');
  });
});

describe('exec', () => {
  test.each<[string, (spec: MutableSpec) => void]>([
    ['the default container', () => {}],
    ['a user namespace', userNamespace],
    ['a time namespace', (spec) => spec.linux.namespaces?.push({ type: 'time' })],
    ["the host's pid namespace", (spec) => without(spec, 'pid')],
    [
      "a user namespace and the host's network",
      (spec) => {
        userNamespace(spec);
        joinOwn(spec, 'network', 'net');
        withoutSys(spec);
      },
    ],
  ])('into %s', async (_name, change) => {
    const { out, code } = await kernel.exec(
      'id -u; ls -d /bin /proc/self; grep ^CapEff /proc/self/status; grep ^0: /proc/self/cgroup',
      change,
    );
    expect(code).toBe(0);
    expect(out).toBe('0\n/bin\n/proc/self\nCapEff:\t00000000a80425fb\n0::/');
  });

  test('into a container without a mount namespace', async () => {
    const { out } = await kernel.exec('ls -d /bin; echo $$', (spec) => {
      spec.linux.namespaces = [{ type: 'pid' }];
      Object.assign(spec, { mounts: [] });
      Object.assign(spec.linux, { maskedPaths: [], readonlyPaths: [], sysctl: {} });
    });
    expect(out).toMatch(/^\/bin\n\d+$/);
  });

  test('with a user, capabilities, an affinity', async () => {
    const caps = ['CAP_KILL'];
    const { out } = await kernel.exec('id; grep -E "^(Cap|Cpus_allowed_list)" /proc/self/status', () => {}, {
      user: { uid: 5, gid: 6 },
      execCPUAffinity: { final: '0' },
      capabilities: { bounding: caps, permitted: caps, effective: caps, inheritable: caps, ambient: caps },
    });
    expect(out).toContain('uid=5 gid=6');
    expect(out).toContain('Cpus_allowed_list:\t0');
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      expect(out).toContain(`Cap${set}:\t0000000000000020`);
  });

  test('a pid that was given to another process is not trusted', async () => {
    await expect(
      kernel.exec('true', () => {}, {}, { first: { pid: process.pid, startTime: 1n } }),
    ).rejects.toThrow('ESRCH');
  });
});

test('a filter that nobody asked for is not loaded', async () => {
  const { out } = await kernel.run('grep ^Seccomp: /proc/self/status', () => {}, { seccomp: ALWAYS });
  expect(out).toBe('Seccomp:\t0');
});
