import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinuxNamespaceType } from '../../../src/spec/types.ts';
import { Bench } from '../tinyrunc/support.ts';
import { type Change, refuse, sh, specOf } from './support.ts';

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
    const holder = bench.create(specOf(['sleep', '1000']));
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
      specOf(['true'], (s) => {
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
    const id = bench.create(specOf(['sleep', '1000'], (s) => Object.assign(s.linux, { cgroupsPath: path })));
    const lines = readFileSync(`/proc/${bench.state(id).pid}/cgroup`, 'utf8')
      .trim()
      .split('\n');
    expect(lines.some((line) => line.endsWith(`:${path}`))).toBe(true);
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
