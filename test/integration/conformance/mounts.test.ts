// config.md, "Mounts", with the options of Linux; docs/conformance.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mount } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { TINYRUNC } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';
import { refuse, sh } from './support.ts';

let bench: Bench;
let data: string;
beforeEach(() => {
  bench = new Bench();
  data = join(bench.dir, 'data');
  mkdirSync(join(data, 'sub'), { recursive: true });
  writeFileSync(join(data, 'file'), 'of the host\n');
});
afterEach(() => bench.dispose());

const mounted = (script: string, ...mounts: Mount[]) =>
  sh(bench, script, (s) => {
    s.mounts?.push(...(mounts as NonNullable<typeof s.mounts>));
    s.root = { path: 'rootfs', readonly: false };
  });
const bind = (...options: string[]): Mount => ({ destination: '/data', type: 'bind', source: data, options });
const tmpfs = (destination: string, ...options: string[]): Mount => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options,
});
/** The options of a mount, of the superblock too. */
const optionsOf = (path: string) => `grep " ${path} " /proc/self/mountinfo`;

describe('mounts', () => {
  it('are made in the order listed', () =>
    expect(
      mounted('ls /a; ls /a/b', tmpfs('/a'), tmpfs('/a/b'), { ...bind('rbind'), destination: '/a/b/c' }),
    ).toBe('b\nc'));

  it('a relative destination starts at /', () =>
    expect(mounted('cat /rel/data/file', { ...bind('rbind'), destination: 'rel/data' })).toBe('of the host'));

  it('without a mount namespace are not made, with a warning, and the host stays as it was', () => {
    const spec = testSpec(['sh', '-c', 'ls /proc; echo fine'], (s) => {
      s.linux.namespaces = (s.linux.namespaces ?? []).filter(({ type }) => type !== 'mount');
      s.linux.maskedPaths = [];
      s.linux.readonlyPaths = [];
    });
    // a host of its own, since other tests mount and unmount; shared, so that a mount made private would show
    const look = (name: string) => `cat /proc/self/mountinfo >${join(bench.dir, name)}`;
    const script = `mount --make-rshared /; ${look('before')}; code=0; "$@" || code=$?; ${look('after')}; exit $code`;
    const host = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh'];
    const run = [TINYRUNC, '--root', bench.root, 'run', '-b', bench.bundle(spec), bench.id()];
    const { status, stdout, stderr } = spawnSync('unshare', [...host, ...run], { encoding: 'utf8' });
    expect(stdout).toBe('fine\n');
    expect(stderr).toMatch(/mounts: none is made without a mount namespace/);
    expect(status).toBe(0);
    const [before, after] = ['before', 'after'].map((name) => readFileSync(join(bench.dir, name), 'utf8'));
    expect(after).toBe(before);
    expect(before).toMatch(/ \S+ \/ .* shared:/);
  });

  it.each([
    ['in the runtime’s user namespace', false, []],
    ['in a user namespace of its own', true, []],
    ['with mapped ids', false, ['idmap']],
  ] as const)('a source that an earlier mount makes is found, %s', (_name, userns, more) => {
    const spec = testSpec(['cat', '/final/file'], (s) => {
      const maps = [{ containerID: 0, hostID: 0, size: 1000 }];
      if (userns) {
        s.linux.namespaces?.push({ type: 'user' });
        Object.assign(s.linux, { uidMappings: maps, gidMappings: maps });
      }
      s.mounts?.push(
        { ...bind('rbind'), destination: '/made' } as never,
        {
          destination: '/final',
          type: 'bind',
          source: 'rootfs/made',
          options: ['bind', ...more],
          ...(more.length > 0 && { uidMappings: maps, gidMappings: maps }),
        } as never,
      );
      s.root = { path: 'rootfs', readonly: false };
    });
    expect(bench.ok(['run', '-b', bench.bundle(spec), bench.id()])).toBe('of the host\n');
  });

  it('a bind has the attributes that are asked for, and none of its source’s; without any it has those', () => {
    const from = join(bench.dir, 'from');
    mkdirSync(from);
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,nosuid,nodev,noexec,noatime', 'tmpfs', from]);
    try {
      const to = (destination: string, ...options: string[]): Mount => ({
        destination,
        type: 'bind',
        source: from,
        options,
      });
      const out = mounted(
        'grep " /t/" /proc/self/mountinfo',
        to('/t/none', 'rbind', 'rprivate'),
        to('/t/noexec', 'rbind', 'noexec'),
        to('/t/dev', 'bind', 'dev'),
        to('/t/rro', 'rbind', 'rro', 'nosuid'),
      );
      const seen = out.split('\n').map((line) => line.split(' ').slice(4, 6).join(' '));
      expect(seen).toEqual([
        '/t/none ro,nosuid,nodev,noexec,noatime',
        '/t/noexec rw,noexec,noatime',
        '/t/dev rw,noatime',
        '/t/rro ro,nosuid,noatime',
      ]);
    } finally {
      spawnSync('umount', [from]);
    }
  });

  it('of the default file systems are there', () => {
    const out = sh(bench, 'cat /proc/mounts');
    for (const line of [/ \/proc proc /, / \/sys sysfs /, / \/dev\/pts devpts /, / \/dev\/shm tmpfs /])
      expect(out).toMatch(line);
  });

  it('of a type the kernel lacks are an error', () =>
    refuse(bench, (s) => s.mounts?.push({ destination: '/a', type: 'nosuchfs', source: 'x' }), /nosuchfs/));

  it('with an unknown option of the file system are an error', () =>
    refuse(
      bench,
      (s) => s.mounts?.push({ destination: '/a', type: 'tmpfs', source: 'x', options: ['nosuchoption=1'] }),
      /nosuchoption|invalid argument|EINVAL/,
    ));

  it('bind a directory, a file, and what lies below the bundle', () => {
    expect(mounted('cat /data/file', bind('rbind'))).toBe('of the host');
    const file: Mount = {
      destination: '/etc/new/file',
      type: 'bind',
      source: join(data, 'file'),
      options: ['bind', 'ro'],
    };
    expect(mounted('cat /etc/new/file', file)).toBe('of the host');
    const relative: Mount = { destination: '/r', type: 'bind', source: '../data', options: ['rbind'] };
    expect(mounted('cat /r/file', relative)).toBe('of the host');
  });

  it('bind sources that are missing are an error', () =>
    refuse(
      bench,
      (s) => s.mounts?.push({ destination: '/a', type: 'bind', source: '/no/such', options: ['rbind'] }),
      /no.such/,
    ));

  it.each([
    [['ro'], /\bro\b/],
    [['nosuid', 'nodev', 'noexec'], /nosuid,nodev,noexec/],
    [['noatime'], /noatime/],
    [['strictatime'], /^(?!.*(relatime|noatime))/],
    [['nodiratime'], /nodiratime/],
  ])('bind with %j', (options, seen) =>
    expect(mounted(optionsOf('/data'), bind('rbind', ...options))).toMatch(seen),
  );

  it.each([
    ['private', / - /],
    ['slave', / (master:\d+ )?- /],
    ['shared', / shared:\d+ /],
    ['unbindable', / unbindable /],
  ])('bind with propagation %s', (option, seen) =>
    expect(mounted(optionsOf('/data'), bind('rbind', option))).toMatch(seen),
  );

  it('rro is read-only all the way down, ro is not', () => {
    const nested: Mount[] = [tmpfs('/top'), tmpfs('/top/below')];
    const again = (option: string): Mount => ({
      destination: '/again',
      type: 'bind',
      source: data,
      options: ['rbind', option],
    });
    expect(
      mounted('touch /again/x 2>/dev/null && echo written || echo refused', ...nested, again('rro')),
    ).toBe('refused');
    expect(
      mounted('touch /again/x 2>/dev/null && echo written || echo refused', ...nested, again('rw')),
    ).toBe('written');
  });

  it('tmpcopyup brings what the image has there', () =>
    expect(
      mounted('ls /bin/busybox; touch /bin/new && ls /bin/new', tmpfs('/bin', 'tmpcopyup', 'mode=755')),
    ).toBe('/bin/busybox\n/bin/new'));

  it('tmpfs has its size and mode', () =>
    expect(
      mounted('stat -c %a /a; grep " /a " /proc/mounts', tmpfs('/a', 'mode=1770', 'size=1024k')),
    ).toMatch(/^1770\n.*size=1024k/s));

  it('idmap by mappings of the mount', () => {
    const mappings = [{ containerID: 0, hostID: 1234, size: 10 }];
    const mount: Mount = { ...bind('rbind', 'idmap'), uidMappings: mappings, gidMappings: mappings };
    expect(mounted('stat -c "%u %g" /data/file', mount)).toBe('1234 1234');
  });

  it('idmap is of the mount alone, ridmap of all below it', () => {
    spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', join(data, 'sub')]);
    try {
      const mappings = [{ containerID: 0, hostID: 1234, size: 10 }];
      const maps = { uidMappings: mappings, gidMappings: mappings };
      const owners = (option: string) =>
        mounted('stat -c %u /data/file /data/sub', { ...bind('rbind', option), ...maps });
      expect(owners('idmap')).toBe('1234\n0');
      expect(owners('ridmap')).toBe('1234\n1234');
    } finally {
      spawnSync('umount', [join(data, 'sub')]);
    }
  });

  it('mqueue and cgroup', () => {
    const out = sh(bench, 'cat /proc/mounts', (s) =>
      s.mounts?.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['ro', 'nosuid', 'noexec', 'nodev'],
      }),
    );
    expect(out).toMatch(/ \/dev\/mqueue mqueue /);
    expect(out).toMatch(/ \/sys\/fs\/cgroup/);
  });

  it('leave the host as it was', () => {
    mounted('true', bind('rbind', 'rshared'), tmpfs('/a'));
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(bench.dir);
  });
});

// As systemd sets hosts up: every mount shared. A new peer group each, so that the test's host is this script alone.
const SHARED_HOST = `mount --make-rprivate / && mount --make-rshared / && look() { sort /proc/self/mountinfo; }
look > "$1/before"; dir=$1; shift; "$@" > /dev/null 2> "$dir/err" || { cat "$dir/err" >&2; exit 1; }
look > "$dir/after"`;

describe('on a host whose mounts are shared', () => {
  it.each(['', 'private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', 'unbindable'] as const)(
    'rootfsPropagation %j mounts and unmounts nothing there',
    (rootfsPropagation) => {
      const spec = testSpec(['true'], (s) => Object.assign(s.linux, { rootfsPropagation }));
      const run = [TINYRUNC, '--root', bench.root, 'run', '-b', bench.bundle(spec), bench.id()];
      const args = ['-m', 'sh', '-c', SHARED_HOST, 'sh', bench.dir, ...run];
      const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const [before, after] = ['before', 'after'].map((name) => readFileSync(join(bench.dir, name), 'utf8'));
      expect(after).toBe(before);
    },
  );
});
