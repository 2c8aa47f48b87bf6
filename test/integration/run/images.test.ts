// Images and mounts that stand in the way of what a container must have, and images that say odd things of themselves.
// The right answers are those of Docker 20.10 with runc 1.1, measured with the same images.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
let image = '';
afterAll(() => sandbox.close());
afterEach(() => sandbox.checkHost());
beforeAll(() => {
  image = makeImage({});
});

interface Made {
  /** A script in the directory that becomes the image's root, which has busybox. */
  readonly script?: string;
  readonly config?: object;
  readonly top?: object;
}

let made = 0;

/** An archive as `docker save` makes it; answers its path. */
function makeArchive({ script = '', config = {}, top = {} }: Made, name: string): string {
  const dir = path.join(sandbox.dir, `image-${made}`);
  const root = path.join(dir, 'root');
  mkdirSync(path.join(root, 'bin'), { recursive: true });
  mkdirSync(path.join(root, 'etc'));
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nbob:x:7:8::/home/bob:/bin/sh\n');
  run('cp', ['/bin/busybox', 'bin/busybox'], root);
  for (const applet of ['sh', 'cat', 'ls', 'env', 'id', 'stat', 'pwd', 'grep', 'readlink', 'echo'])
    symlinkSync('busybox', path.join(root, 'bin', applet));
  run('sh', ['-ec', script], root);
  run('tar', ['-cf', '../layer.tar', '.'], root);
  const diffId = createHash('sha256')
    .update(readFileSync(path.join(dir, 'layer.tar')))
    .digest('hex');
  const rootfs = { type: 'layers', diff_ids: [`sha256:${diffId}`] };
  writeFileSync(
    path.join(dir, 'config.json'),
    JSON.stringify({ os: 'linux', architecture: ARCH, config, rootfs, ...top }),
  );
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(path.join(dir, 'manifest.json'), JSON.stringify(manifest));
  run('tar', ['-cf', 'image.tar', 'manifest.json', 'config.json', 'layer.tar'], dir);
  return path.join(dir, 'image.tar');
}

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;

function run(file: string, args: string[], cwd: string): void {
  const { status, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
}

/** A stored image; answers its name. */
function makeImage(what: Made): string {
  const name = `made/image${made++}:1`;
  const { status, stderr } = spawnSync(TINYRUN, ['load', '-i', makeArchive(what, name)], {
    env: sandbox.env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return name;
}

const sh = (flags: string[], script: string, name = image) =>
  sandbox.tinyrun(['run', '--rm', ...flags, name, 'sh', '-c', script]);

const FILES =
  'for f in hosts hostname resolv.conf; do [ -s /etc/$f ] && grep -c " /etc/$f " /proc/mounts; done';

describe('the engine’s files are seen', () => {
  const etc = () => mkdtempSync(path.join(sandbox.dir, 'etc-'));
  test.each<[string, () => string[]]>([
    ['over a tmpfs on /etc', () => ['--tmpfs', '/etc']],
    ['over a bind on /etc', () => ['-v', `${etc()}:/etc`]],
    ['with a root that is read-only', () => ['--read-only', '--tmpfs', '/etc']],
    ['in a user namespace', () => ['--userns', 'private', '--tmpfs', '/etc']],
    ['below a mount deeper than they are', () => ['--tmpfs', '/etc/a/b/c', '--tmpfs', '/etc']],
  ])('%s', async (_, flags) => {
    const { stdout, stderr } = await sh(flags(), FILES);
    expect(stderr).toBe('');
    expect(stdout).toBe('1\n1\n1\n');
  });

  test.each([
    ['a link to nowhere', 'ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf'],
    ['a link to a file', 'mkdir run; echo image > run/x; ln -s ../run/x etc/resolv.conf'],
    ['an absolute link', 'ln -s /proc/self/fd/0 etc/resolv.conf'],
    ['a loop', 'ln -s resolv.conf etc/resolv.conf'],
    ['a fifo', 'mkfifo etc/resolv.conf'],
    ['a link in place of /etc', 'mv etc config; ln -s config etc'],
    ['a file in place of /etc', 'rm -r etc; echo x > etc'],
  ])('where the image has %s', async (_, script) => {
    const { stdout, stderr } = await sh(['--tmpfs', '/run'], `${FILES}; ls /run`, makeImage({ script }));
    expect(stderr).toBe('');
    expect(stdout).toBe('1\n1\n1\n');
  });

  test('what replaces a link in place of /etc is no way to its names', async () => {
    const name = makeImage({ script: 'mv etc config; ln -s config etc' });
    const { code, stderr } = await sandbox.tinyrun(['run', '--rm', '-u', 'bob', name, 'id']);
    expect([code, stderr]).toEqual([125, expect.stringContaining('user bob: no matching entry')]);
  });

  test('a directory in place of one is an error, as with Docker', async () => {
    const { code, stderr } = await sh([], 'true', makeImage({ script: 'mkdir etc/hosts' }));
    expect([code, stderr]).toEqual([125, expect.stringMatching(/move_mount: ENOTDIR: not a directory/)]);
  });

  test('a mount of one’s own on the very place wins, however it is spelt', async () => {
    const mine = path.join(sandbox.dir, 'mine');
    writeFileSync(mine, 'mine\n');
    const flags = ['-v', `${mine}:/etc/../etc//hosts`, '--tmpfs', '/etc'];
    expect((await sh(flags, 'cat /etc/hosts')).stdout).toBe('mine\n');
  });

  test('they cannot be written where the root cannot', async () => {
    const { stdout } = await sh(['--read-only'], 'echo x 2>/dev/null >> /etc/hosts || echo refused');
    expect(stdout).toBe('refused\n');
    expect((await sh([], 'echo x >> /etc/hosts && echo written')).stdout).toBe('written\n');
  });

  test('a bound /etc gets mount points where it has none, and keeps what it has', async () => {
    const dir = etc();
    symlinkSync('../run/a/b', path.join(dir, 'resolv.conf'));
    writeFileSync(path.join(dir, 'hosts'), 'mine\n');
    await sh(
      ['-v', `${dir}:/etc`, '--tmpfs', '/run'],
      'grep -q nameserver /run/a/b; grep -q localhost /etc/hosts',
    );
    expect(readdirSync(dir).sort()).toEqual(['hostname', 'hosts', 'resolv.conf']);
    expect(readFileSync(path.join(dir, 'hosts'), 'utf8')).toBe('mine\n');
    expect(readlinkSync(path.join(dir, 'resolv.conf'))).toBe('../run/a/b');
  });
});

describe('/dev, /proc and /sys', () => {
  const kinds = {
    link: 'mkdir real; ln -s real',
    absolute: 'ln -s /canary',
    loop: 'ln -s dev',
    file: 'echo x >',
  };
  test.each(Object.entries(kinds))('as a %s', async (_, made) => {
    const script = ['dev', 'proc', 'sys']
      .map((dir) => `${made.replace('mkdir', 'mkdir -p')} ${dir}`)
      .join('\n');
    const { stdout, stderr } = await sh(
      [],
      'echo hi > /dev/null; grep " /\\(dev\\|proc\\|sys\\) " /proc/mounts | wc -l; ls -d /real/* 2>/dev/null',
      makeImage({ script }),
    );
    expect([stdout.trim(), stderr]).toEqual(['3', '']);
  });

  test('a /dev of one’s own has nothing of ours below it', async () => {
    const { stdout } = await sh(
      ['-v', '/dev:/dev'],
      'grep -c " /dev/mqueue mqueue .*nosuid,nodev,noexec" /proc/mounts; true',
    );
    expect(stdout).toBe('0\n');
  });
});

test('/.dockerenv and /etc/mtab', async () => {
  const { stdout } = await sh([], 'stat -c "%F %a %s" /.dockerenv; readlink /etc/mtab');
  expect(stdout).toBe('regular empty file 755 0\n/proc/mounts\n');
});

describe('volumes of the image are there', () => {
  test('made where missing, kept where not, through links of the image', async () => {
    const script = 'mkdir -m 700 data real; echo x > data/f; ln -s real ln';
    const name = makeImage({
      script,
      config: { Volumes: { '/new/sub': {}, '/data/in': {}, '/data': {}, rel: {}, '/ln': {} } },
    });
    const { stdout } = await sh(
      [],
      'stat -c "%n %a %u" /new /new/sub /data /data/in /rel /real; cat /data/f',
      name,
    );
    expect(stdout).toBe(
      '/new 755 0\n/new/sub 755 0\n/data 700 0\n/data/in 755 0\n/rel 755 0\n/real 700 0\nx\n',
    );
  });

  test('over a file is refused', async () => {
    const name = makeImage({ config: { Volumes: { '/etc/passwd': {} } } });
    const { code, stderr } = await sh([], 'true', name);
    expect([code, stderr]).toEqual([
      125,
      expect.stringContaining('the image has a file where it declares a volume'),
    ]);
  });
});

describe('what an image says of itself', () => {
  test.each<[string, object, string[], string]>([
    ['Entrypoint ""', { Entrypoint: '', Cmd: ['echo', 'z'] }, [], 'z\n'],
    ['Entrypoint [""]', { Entrypoint: [''], Cmd: ['echo', 'x'] }, [], 'x\n'],
    ['Entrypoint [""] and a command', { Entrypoint: [''] }, ['echo', 'y'], 'y\n'],
    ['Entrypoint as a string', { Entrypoint: '/bin/echo', Cmd: ['a'] }, [], 'a\n'],
    ['Cmd as a string', { Cmd: 'pwd' }, [], '/\n'],
    ['names in any case', { cmd: ['echo', 'lower'] }, [], 'lower\n'],
    ['HOME empty', { Env: ['HOME='], Cmd: ['sh', '-c', 'echo $HOME'] }, [], '/root\n'],
    [
      'a variable without =',
      { Env: ['A', 'B=1'], Cmd: ['sh', '-c', 'env | grep -q ^A || echo none $B'] },
      [],
      'none 1\n',
    ],
    ['a cwd with ..', { WorkingDir: '/a/../b', Cmd: ['sh', '-c', 'pwd; ls -d /a /b 2>&-'] }, [], '/b\n/b\n'],
    ['StopSignal ""', { StopSignal: '' }, ['echo', 'ran'], 'ran\n'],
    ['StopSignal of no signal', { StopSignal: 'SIGFOO' }, ['echo', 'ran'], 'ran\n'],
  ])('%s', async (_, config, args, stdout) => {
    const result = await sandbox.tinyrun(['run', '--rm', makeImage({ config }), ...args]);
    expect(result).toMatchObject({ stdout, stderr: '' });
  });

  test.each<[string, object, RegExp]>([
    ['a variable without a name', { Env: ['=x'] }, /Env has "=x"/],
    ['a relative cwd', { WorkingDir: 'app' }, /not an absolute path/],
  ])('%s is refused', async (_, config, message) => {
    const { code, stderr } = await sh([], 'true', makeImage({ config }));
    expect([code, stderr]).toEqual([125, expect.stringMatching(message)]);
  });

  test('a field of another type is refused when it is loaded, by its name', async () => {
    const archive = makeArchive({ config: { Cmd: [1] } }, `made/image${made++}:1`);
    const { code, stderr } = await sandbox.tinyrun(['load', '-i', archive]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('config.Cmd[0] is a number, not a string')]);
  });
});

describe('platforms', () => {
  const warning = (platform: string) =>
    `WARNING: The requested image's platform (${platform}) does not match the detected host platform (linux/${ARCH}) and no specific platform was requested\n`;
  const foreign = ARCH === 'arm64' ? 'amd64' : 'arm64';

  test('another one is tried, with a warning', async () => {
    const name = makeImage({ top: { architecture: foreign } });
    expect(await sh([], 'echo ran', name)).toMatchObject({
      stdout: 'ran\n',
      stderr: warning(`linux/${foreign}`),
    });
    const asked = await sh(['--platform', `linux/${foreign}`], 'echo ran', name);
    expect(asked).toMatchObject({ stdout: 'ran\n', stderr: '' });
  });

  test('one that this processor runs as well is no other', async () => {
    const architecture = ARCH === 'arm64' ? 'arm' : '386';
    expect(await sh([], 'echo ran', makeImage({ top: { architecture } }))).toMatchObject({ stderr: '' });
  });

  test.each(['missing', 'never'])('--platform never falls back to another (--pull %s)', async (pull) => {
    const args = ['run', '--rm', '--pull', pull, '--platform', `linux/${foreign}`, 'busybox', 'true'];
    const { code, stdout, stderr } = await sandbox.tinyrun(args);
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toMatch(/^tinyrun: .*(linux\/|no such image)/m);
  });

  test('an image for Windows is refused', async () => {
    const archive = makeArchive({ top: { os: 'windows' } }, `made/image${made++}:1`);
    const { code, stderr } = await sandbox.tinyrun(['load', '-i', archive]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('is a windows image')]);
    expect((await sandbox.tinyrun(['images', '-q', `made/image${made - 1}`])).stdout).toBe('');
  });
});

test('values that reach the container', async () => {
  const flags = ['--name', '', '--shm-size', '0', '--network', 'host', '--add-host', 'me=host-gateway'];
  const dns = [
    '--dns',
    ' 9.9.9.9',
    '--dns-search',
    'a.b',
    '--dns-opt',
    'ndots:3',
    '--stop-signal',
    'rtmin+3',
  ];
  const script =
    'grep me /etc/hosts | tail -1; tail -3 /etc/resolv.conf; grep -o "/dev/shm.*size=[0-9]*k" /proc/mounts';
  const { stdout, stderr } = await sh([...flags, ...dns, '-it=false'], script);
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^127.0.0.1\tme\nnameserver 9.9.9.9\nsearch a.b\noptions ndots:3\n\/dev\/shm .*size=65536k\n$/,
  );
});
