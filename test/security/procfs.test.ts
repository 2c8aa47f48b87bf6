// /proc and /sys that are not what they seem: CVE-2019-16884, 2019-19921, 2023-27561, 2023-28642 (a link or a mount in
// their place), CVE-2025-31133 (the source of a mask), CVE-2025-52881 (writes led astray).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/plan/compile/index.ts';
import { hostFacts } from '../../src/runtime/host.ts';
import { launchSync } from '../../src/runtime/launch.ts';
import { Sandbox, sandboxEachTest } from '../support/sandbox.ts';
import type { MutableMount, MutableSpec } from '../support/spec.ts';
import { bind } from './support.ts';

let sandbox: Sandbox;
sandboxEachTest((fresh) => {
  sandbox = fresh;
});

const without = (spec: MutableSpec, ...destinations: string[]) =>
  spec.mounts.filter((mount) => !destinations.includes(mount.destination));

describe('a symlink in place of', () => {
  test.each(['proc', 'sys'])('/%s is refused, tinyrunc', async (name) => {
    const dir = sandbox.bundle(['true'], (_, rootfs) => {
      rmdirSync(path.join(rootfs, name));
      mkdirSync(path.join(rootfs, 'bad'));
      symlinkSync('/bad', path.join(rootfs, name));
    });
    const { code, stderr } = await sandbox.runBundle(dir);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`/${name}`);
    expect(readdirSync(path.join(dir, 'rootfs/bad'))).toEqual([]);
  });

  // Docker runs such images: what stands in the way is replaced in the container, never followed.
  test.each([
    ['proc', 'proc'],
    ['sys', 'sysfs'],
  ])('/%s is not followed, run', async (name, type) => {
    const own = new Sandbox();
    const layer = await own.layer();
    rmSync(path.join(layer, name), { recursive: true });
    mkdirSync(path.join(layer, 'bad'));
    symlinkSync('/bad', path.join(layer, name));
    const { stdout, stderr } = await own.sh(
      [],
      `grep " /${name} " /proc/self/mounts | cut -d" " -f3; ls /bad`,
    );
    own.checkHost();
    await own.close();
    expect(stdout, stderr).toBe(`${type}\n`);
  });
});

describe('a mount over /proc is refused', () => {
  const tmpfs = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: [] });

  test.each<[string, () => MutableMount]>([
    ['a volume at /proc', () => bind(sandbox.canary, '/proc')],
    ['a tmpfs at /proc', () => tmpfs('/proc')],
    ['a volume at /proc/sys', () => bind(sandbox.canary, '/proc/sys')],
    [
      'a volume at /proc/self/attr, by a roundabout path',
      () => bind(sandbox.canary, '/tmp/../proc/./self/attr'),
    ],
    ['a tmpfs at /proc/sys/kernel', () => tmpfs('/proc/sys/kernel')],
  ])('%s, tinyrunc', async (_, mount) => {
    const dir = sandbox.bundle(['sh', '-c', 'echo STARTED'], (spec) => {
      spec.mounts = [...spec.mounts, mount()];
    });
    const { code, stdout } = await sandbox.runBundle(dir);
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
  });

  test.each(['/proc', '/proc/sys', '/proc/self/attr'])('-v canary:%s, run', async (target) => {
    const { code, stdout, stderr } = await sandbox.sh(['-v', `${sandbox.canary}:${target}`], 'echo STARTED');
    // by the plan's compiler: without it the sysctls of the network would stumble over the mount, and others not
    expect(stderr).toContain(`${target} cannot be mounted over`);
    expect(code).toBe(125);
    expect(stdout).toBe('');
  });
});

describe('a link of the image makes no other place of a target', () => {
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options,
  });
  const leadsTo = (link: string) => `leads to ${link.startsWith('/proc') ? '/proc' : link},`;

  test.each([
    ['/proc', 'a volume', () => bind(sandbox.canary, '/data')],
    ['/proc', 'a tmpfs', () => tmpfs('/data')],
    ['/proc', 'a tmpfs that starts with what is there', () => tmpfs('/data', 'tmpcopyup')],
    ['/proc/sys/kernel', 'a volume', () => bind(sandbox.canary, '/data')],
    ['/proc/self', 'a volume', () => bind(sandbox.canary, '/data/../data')],
    ['/', 'a volume', () => bind(sandbox.canary, '/data')],
    ['/dev', 'a volume', () => bind(sandbox.canary, '/data')],
    ['/sys', 'a tmpfs', () => tmpfs('/data')],
  ])('%s: %s, tinyrunc', async (link, _, mount) => {
    const dir = sandbox.bundle(['echo', 'STARTED'], (spec, rootfs) => {
      symlinkSync(link, path.join(rootfs, 'data'));
      spec.mounts = [...spec.mounts, mount()];
    });
    const { code, stdout, stderr } = await sandbox.runBundle(dir);
    expect(stderr).toContain(leadsTo(link));
    expect({ stdout, started: code === 0 }).toEqual({ stdout: '', started: false });
  });

  test('-v and --tmpfs, run', async () => {
    const own = new Sandbox();
    const layer = await own.layer();
    for (const [n, link] of ['/proc', '/dev', '/proc/self/attr'].entries()) {
      symlinkSync(link, path.join(layer, `data${n}`));
      for (const flags of [
        ['-v', `${own.canary}:/data${n}`],
        ['--tmpfs', `/data${n}`],
      ]) {
        const { code, stdout, stderr } = await own.sh(flags, 'echo STARTED');
        expect(stderr).toContain(leadsTo(link));
        expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
      }
    }
    own.checkHost();
    await own.close();
  });

  test('what may cover a file of /proc still does, and links elsewhere lead where they say', async () => {
    const dir = sandbox.bundle(['cat', '/proc/uptime', '/srv/secret'], (spec, rootfs) => {
      mkdirSync(path.join(rootfs, 'var/lib/srv'), { recursive: true });
      symlinkSync('/var/lib/srv', path.join(rootfs, 'srv'));
      const file = path.join(sandbox.canary, 'sub/file');
      spec.mounts = [...spec.mounts, bind(file, '/proc/uptime'), bind(sandbox.canary, '/srv')];
    });
    const { stdout, stderr } = await sandbox.runBundle(dir);
    expect(stdout, stderr).toBe('host file\nhost secret\n');
  });
});

describe('writes below a /proc that is none miss it', () => {
  test('sysctl', async () => {
    let file = '';
    const dir = sandbox.bundle(['sh', '-c', 'echo STARTED'], (spec, rootfs) => {
      spec.mounts = without(spec, '/proc');
      spec.linux.maskedPaths = [];
      spec.linux.readonlyPaths = [];
      spec.linux.sysctl = { 'kernel.shm_rmid_forced': '1' };
      mkdirSync(path.join(rootfs, 'proc/sys/kernel'), { recursive: true });
      file = path.join(rootfs, 'proc/sys/kernel/shm_rmid_forced');
      writeFileSync(file, '0');
    });
    // It goes to a procfs of the runtime's own, or nowhere.
    await sandbox.runBundle(dir);
    expect(readFileSync(file, 'utf8')).toBe('0');
  });

  // One at a time: the first to be refused would hide the other.
  test.each(['kernel....vm.stat_interval', 'net/../vm/stat_interval'])(
    'sysctl out of its directory: %s',
    async (key) => {
      const file = '/proc/sys/vm/stat_interval';
      const value = readFileSync(file, 'utf8');
      const dir = sandbox.bundle(['sh', '-c', 'echo STARTED'], (spec) => {
        spec.linux.sysctl = { [key]: String(Number(value) + 6) };
      });
      const { code, stdout } = await sandbox.runBundle(dir);
      const now = readFileSync(file, 'utf8');
      if (now !== value) writeFileSync(file, value);
      expect({ now, stdout, started: code === 0 }).toEqual({ now: value, stdout: '', started: false });
    },
  );

  // Compiled as for a host that has AppArmor: the write is tried on any, and where there is none the kernel refuses it.
  test('a label', () => {
    const written: string[] = [];
    const dir = sandbox.bundle(['sh', '-c', 'echo STARTED'], (spec, rootfs) => {
      spec.mounts = without(spec, '/proc');
      Object.assign(spec.linux, { maskedPaths: [], readonlyPaths: [], resources: {} });
      spec.process.apparmorProfile = 'docker-default';
      const own = path.join(rootfs, 'proc/1/task/1/attr');
      mkdirSync(path.join(own, 'apparmor'), { recursive: true });
      symlinkSync('1/task/1', path.join(rootfs, 'proc/thread-self'));
      for (const name of ['exec', 'apparmor/exec']) {
        writeFileSync(path.join(own, name), '');
        written.push(path.join(own, name));
      }
    });
    const none = { mode: 'none', controllers: [], v1: {}, own: '/' } as const;
    const { plan } = compile(
      JSON.parse(readFileSync(path.join(dir, 'config.json'), 'utf8')),
      { ...hostFacts(), apparmor: true, cgroup: none },
      {
        id: path.basename(dir),
        bundle: dir,
        rootfs: { kind: 'directory', path: path.join(dir, 'rootfs') },
        wait: { kind: 'exec' },
      },
    );
    expect(() => launchSync({ plan })).toThrow(/docker-default|attr/);
    expect(written.map((file) => readFileSync(file, 'utf8'))).toEqual(['', '']);
  });
});

// The target is a sysctl that no container may write; what is written is what it holds, so nothing is hurt.
const TARGET = '/proc/sys/vm/stat_interval';
const TRY_MASKED = `v=$(cat ${TARGET}); for p in /proc/kcore /proc/timer_list /proc/keys; do
    [ "$(cat $p 2>/tmp/err)" = "$v" ] && echo "MASKED BY THE TARGET $p"
    { echo "$v" >$p; } 2>/tmp/err && [ "$(cat $p)" = "$v" ] && echo "WRITABLE $p"; done; echo end`;

test('a mask is never made of what an image calls /dev/null: no node is taken for another', async () => {
  const dir = sandbox.bundle(['sh', '-c', TRY_MASKED], (spec, rootfs) => {
    spec.mounts = without(spec, '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue');
    symlinkSync(TARGET, path.join(rootfs, 'dev/null'));
  });
  const { code, stdout, stderr } = await sandbox.runBundle(dir);
  expect(stderr).toMatch(/make node \/dev\/null: mknodat: EEXIST/);
  expect({ stdout, started: code === 0 }).toEqual({ stdout: '', started: false });
});

test.each<[string, (file: string) => unknown]>([
  ['a link', (file) => symlinkSync(TARGET, file)],
  ['another device', (file) => spawnSync('mknod', [file, 'c', '1', '5'])],
  ['a file', (file) => writeFileSync(file, 'x')],
])('nor of what a volume on /dev calls so: %s', async (_, make) => {
  const volume = path.join(sandbox.dir, 'dev-volume');
  mkdirSync(volume);
  make(path.join(volume, 'null'));
  const dir = sandbox.bundle(['sh', '-c', TRY_MASKED], (spec) => {
    spec.mounts = [...without(spec, '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue'), bind(volume, '/dev')];
  });
  const { code, stdout, stderr } = await sandbox.runBundle(dir);
  expect(stderr).toContain('is not the null device');
  expect({ stdout, started: code === 0 }).toEqual({ stdout: '', started: false });
});
