import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinuxNamespaceType } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { type Change, testSpec } from '../../support/spec.ts';
import { refuse, sh } from './support.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

const FILES = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  time: 'time',
  user: 'user',
} as const;
const own = (file: string) => readlinkSync(`/proc/self/ns/${file}`);
const namespaces =
  (types: readonly LinuxNamespaceType[]): Change =>
  (s) => {
    s.linux.namespaces = types.map((type) => ({ type }));
    if (!types.includes('uts')) delete s.hostname;
  };
const BASE: readonly LinuxNamespaceType[] = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'];

describe('namespaces', () => {
  it.each(BASE)('%s is new', (type) =>
    expect(sh(bench, `readlink /proc/self/ns/${FILES[type]}`, namespaces(BASE))).not.toBe(own(FILES[type])),
  );

  it.each(['ipc', 'uts', 'network', 'cgroup', 'pid'] as const)(
    '%s is the runtime’s when it is not listed',
    (type) => {
      const change: Change = (s) => {
        namespaces(BASE.filter((t) => t !== type))(s);
      };
      expect(sh(bench, `readlink /proc/self/ns/${FILES[type]}`, change)).toBe(own(FILES[type]));
    },
  );

  it('user is new, with its mappings', () => {
    const out = sh(bench, 'cat /proc/self/uid_map /proc/self/gid_map; id -u', (s) => {
      namespaces([...BASE, 'user'])(s);
      s.linux.uidMappings = [{ containerID: 0, hostID: 0, size: 1000 }];
      s.linux.gidMappings = [{ containerID: 0, hostID: 0, size: 2000 }];
    });
    expect(out.replaceAll(/ +/g, ' ').trim()).toBe('0 0 1000\n 0 0 2000\n0');
  });

  it('time is new, with its offsets', () => {
    const out = sh(bench, 'cat /proc/self/timens_offsets; readlink /proc/self/ns/time', (s) => {
      namespaces([...BASE, 'time'])(s);
      s.linux.timeOffsets = { monotonic: { secs: 100, nanosecs: 5 }, boottime: { secs: 200 } };
    });
    expect(out).toMatch(/monotonic\s+100\s+5\n.*boottime\s+200\s+0\n/s);
    expect(out).not.toContain(own('time'));
  });

  it.each(['network', 'ipc', 'uts', 'pid', 'cgroup'] as const)('%s is joined by path', (type) => {
    const holder = bench.create(testSpec(['sleep', '1000']));
    const path = `/proc/${bench.state(holder).pid}/ns/${FILES[type]}`;
    const out = sh(bench, `readlink /proc/self/ns/${FILES[type]}`, (s) => {
      s.linux.namespaces = BASE.map((each) => (each === type ? { type: each, path } : { type: each }));
      if (type === 'uts') delete s.hostname;
    });
    expect(out).toBe(readlinkSync(path));
  });

  it('a path of another type is an error', () => {
    refuse(
      bench,
      (s) => {
        s.linux.namespaces = [
          ...BASE.filter((t) => t !== 'network').map((type) => ({ type })),
          { type: 'network', path: '/proc/self/ns/uts' },
        ];
      },
      /namespace|EINVAL|invalid argument/i,
    );
  });

  it('a path that is none is an error', () => {
    refuse(
      bench,
      (s) => {
        s.linux.namespaces = [
          ...BASE.filter((t) => t !== 'network').map((type) => ({ type })),
          { type: 'network', path: '/etc/passwd' },
        ];
      },
      /namespace|EINVAL|invalid argument/i,
    );
  });
});

describe('devices', () => {
  it('the default ones are there, and the links', () => {
    const out = sh(
      bench,
      'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" /dev/$d; done; readlink /dev/ptmx; readlink /dev/fd',
    );
    expect(out.split('\n')).toEqual([
      '/dev/null character special file 1:3 666',
      '/dev/zero character special file 1:5 666',
      '/dev/full character special file 1:7 666',
      '/dev/random character special file 1:8 666',
      '/dev/urandom character special file 1:9 666',
      '/dev/tty character special file 5:0 666',
      'pts/ptmx',
      '/proc/self/fd',
    ]);
  });

  it('those of the spec are made, anywhere, with mode and owner', () => {
    const out = sh(bench, 'stat -c "%F %t:%T %a %u %g" /dev/fuse /opt/pipe', (s) => {
      s.root = { path: 'rootfs', readonly: false };
      s.linux.devices = [
        { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o640, uid: 1, gid: 2 },
        { path: '/opt/pipe', type: 'p', fileMode: 0o600 },
      ];
    });
    expect(out).toBe('character special file a:e5 640 1 2\nfifo 0:0 600 0 0');
  });

  it('a file that does not match is an error', () => {
    const id = bench.id();
    const bundle = bench.bundle(
      testSpec(['true'], (s) => {
        s.linux.devices = [{ path: '/tmp/device', type: 'c', major: 10, minor: 229 }];
      }),
    );
    writeFileSync(join(bundle, 'rootfs/tmp/device'), 'a plain file');
    expect(bench.run(['run', '-b', bundle, id]).status).not.toBe(0);
  });
});

describe('paths', () => {
  it('masked ones cannot be read, missing ones are passed over', () => {
    const out = sh(bench, 'cat /proc/keys | wc -c; ls /proc/acpi 2>/dev/null | wc -l', (s) => {
      s.linux.maskedPaths = ['/proc/keys', '/proc/acpi', '/proc/no-such-file'];
    });
    expect(out).toBe('0\n0');
  });

  it('masked and read-only ones may be listed twice', () => {
    const twice = (...paths: string[]) => [...paths, ...paths, ...paths.map((path) => `${path}/`)];
    const out = sh(
      bench,
      'cat /proc/keys 2>/dev/null | wc -c; ls /etc | wc -l; touch /tmp/x 2>/dev/null || echo refused',
      (s) => {
        s.linux.maskedPaths = ['/proc/keys', '/proc/keys', ...twice('/etc', '/sys/firmware')];
        s.linux.readonlyPaths = twice('/tmp', '/proc/sys');
        s.root = { path: 'rootfs', readonly: false };
      },
    );
    expect(out).toBe('0\n0\nrefused');
  });

  it('read-only ones cannot be written, also below', () => {
    const out = sh(
      bench,
      'echo x > /proc/sys/kernel/domainname 2>/dev/null && echo written || echo refused',
      (s) => {
        s.linux.readonlyPaths = ['/proc/sys', '/no/such/path'];
      },
    );
    expect(out).toBe('refused');
  });
});

describe('sysctl', () => {
  it('is set in the container’s namespaces', () => {
    const out = sh(bench, 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax', (s) => {
      s.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel/msgmax': '65535' };
    });
    expect(out).toBe('1\n65535');
  });
});

describe('rootfs propagation', () => {
  it.each([
    ['private', /^\d+ \d+ \S+ \S+ \/ \S+ - /m],
    ['slave', /^\d+ \d+ \S+ \S+ \/ \S+ (master:\d+ )?- /m],
    ['shared', /^\d+ \d+ \S+ \S+ \/ \S+ shared:\d+/m],
    ['unbindable', /^\d+ \d+ \S+ \S+ \/ \S+ unbindable/m],
  ] as const)('%s', (rootfsPropagation, line) =>
    expect(
      sh(bench, 'cat /proc/self/mountinfo', (s) => Object.assign(s.linux, { rootfsPropagation })),
    ).toMatch(line),
  );
});

describe('the rest', () => {
  it('personality LINUX32 shows in uname', () =>
    expect(
      sh(bench, 'busybox uname -m', (s) => Object.assign(s.linux, { personality: { domain: 'LINUX32' } })),
    ).not.toBe('x86_64'));

  it('unified is refused for a controller that is not there', () => {
    const unified = { 'nosuch.max': '1' };
    refuse(bench, (s) => Object.assign(s.linux, { resources: { unified } }), /unified|nosuch/);
  });

  it('cgroupsPath is taken from the mount point of the cgroups', () => {
    const path = `/tinyrun-conformance-${process.pid}`;
    const id = bench.create(
      testSpec(['sleep', '1000'], (s) => Object.assign(s.linux, { cgroupsPath: path })),
    );
    const lines = readFileSync(`/proc/${bench.state(id).pid}/cgroup`, 'utf8')
      .trim()
      .split('\n');
    expect(lines.some((line) => line.endsWith(`:${path}`))).toBe(true);
  });

  it('memoryPolicy is that of the program, and of exec', () => {
    const memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
    const policyOf = (text: string) => / (\S+) /.exec(text)?.[1];
    const spec = testSpec(['sleep', '1000'], (s) => Object.assign(s.linux, { memoryPolicy }));
    // a kernel without NUMA says so, and so do we
    if (!existsSync('/proc/self/numa_maps'))
      return refuse(
        bench,
        (s) => Object.assign(s.linux, { memoryPolicy }),
        /linux\.memoryPolicy \(MPOL_BIND\): .*ENOSYS/,
      );
    const id = bench.create(spec);
    bench.ok(['start', id]);
    const ofInit = readFileSync(`/proc/${bench.state(id).pid}/numa_maps`, 'utf8');
    expect(policyOf(ofInit)).toBe('bind=static:0');
    expect(policyOf(bench.ok(['exec', id, 'cat', '/proc/self/numa_maps']))).toBe('bind=static:0');
  });

  it('memoryPolicy that the kernel cannot have is an error, by name', () =>
    refuse(
      bench,
      (s) => Object.assign(s.linux, { memoryPolicy: { mode: 'MPOL_BIND', nodes: '1023' } }),
      /linux\.memoryPolicy \(MPOL_BIND\): set_mempolicy: E(INVAL|NOSYS)/,
    ));

  it('every field of intelRdt is an error, by name', () => {
    for (const intelRdt of [
      { schemata: ['L3:0=f'] },
      { enableMonitoring: true },
      { closID: '/' },
      { enableCMT: true },
    ])
      refuse(
        bench,
        (s) => Object.assign(s.linux, { intelRdt }),
        new RegExp(`intelRdt\\.${Object.keys(intelRdt)[0]}`),
      );
  });

  it('intelRdt without resctrl is an error', () =>
    refuse(
      bench,
      (s) => Object.assign(s.linux, { intelRdt: { closID: 'a', schemata: ['L3:0=f'] } }),
      /rdt|resctrl/i,
    ));
});

describe('the features document', () => {
  it('names versions that config.json may have', () => {
    const { ociVersionMin, ociVersionMax } = JSON.parse(bench.ok(['features']));
    for (const ociVersion of [ociVersionMin, ociVersionMax])
      expect(sh(bench, 'echo fine', (s) => Object.assign(s, { ociVersion }))).toBe('fine');
  });

  it('speaks of 1.3.0, and names the memory policies that config.json may have', () => {
    const { ociVersionMax, linux } = JSON.parse(bench.ok(['features']));
    expect(ociVersionMax).toBe('1.3.0');
    expect(linux.memoryPolicy.modes).toContain('MPOL_WEIGHTED_INTERLEAVE');
    expect(linux.memoryPolicy.flags).toEqual([
      'MPOL_F_NUMA_BALANCING',
      'MPOL_F_RELATIVE_NODES',
      'MPOL_F_STATIC_NODES',
    ]);
    expect(linux.intelRdt).toEqual({ enabled: false, schemata: false, monitoring: false });
    expect(linux.netDevices).toEqual({ enabled: true });
  });

  it('names mount options that are known', () => {
    const { mountOptions } = JSON.parse(bench.ok(['features'])) as { mountOptions: string[] };
    expect(mountOptions.length).toBeGreaterThan(60);
    // each on a mount of its own; those that need another one, or mappings, are held by tests of their own
    const alone = mountOptions.filter((option) => !/^(r?bind|r?idmap|remount)$/.test(option));
    const out = sh(bench, 'grep -c " /m/" /proc/mounts', (s) => {
      s.root = { path: 'rootfs', readonly: false };
      for (const [i, option] of alone.entries())
        s.mounts?.push({ destination: `/m/${i}`, type: 'tmpfs', source: 'tmpfs', options: [option] });
    });
    expect(Number(out)).toBe(alone.length);
  });

  it('names namespaces, hooks, capabilities and seccomp by the specification’s names', () => {
    const { linux, hooks } = JSON.parse(bench.ok(['features']));
    expect(linux.namespaces.toSorted()).toEqual([
      'cgroup',
      'ipc',
      'mount',
      'network',
      'pid',
      'time',
      'user',
      'uts',
    ]);
    expect(hooks).toHaveLength(6);
    expect(linux.capabilities).toContain('CAP_CHECKPOINT_RESTORE');
    expect(linux.seccomp.enabled).toBe(true);
  });
});
