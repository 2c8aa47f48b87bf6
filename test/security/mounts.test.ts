// Mount targets that move: CVE-2021-30465 (swapped for a symlink), CVE-2024-45310 (mkdir -p on the host), CVE-2026-41579
// and crun 2026-47766 (/dev is a symlink), CVE-2025-52565 (the terminal swapped before it is bound to /dev/console).
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { bind, execute, type MutableMount, Sandbox, swapWhile, TINYRUN, TINYRUNC } from './support.ts';

const sandbox = new Sandbox();
afterEach(() => sandbox.checkHost());
afterAll(() => sandbox.close());

const tmpfs = (destination: string) =>
  ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] }) as unknown as MutableMount;

/** Device numbers of the host's root, as mountinfo writes them; a container that shows it has the host mounted. */
function hostRoot(): RegExp {
  const [line = ''] = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((text) => text.split(' ')[4] === '/');
  return new RegExp(`^\\d+ \\d+ ${line.split(' ')[2]} / `, 'm');
}

/** Mounting, held open between the look-up of the target and its use, and the making of directories before that. */
const HOLD = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=move_mount,mount,mkdirat,mkdir'];
const held = (milliseconds: number) => [
  ...HOLD,
  '-e',
  `inject=move_mount,mount,mkdirat,mkdir:delay_enter=${milliseconds * 1000}`,
];

describe('/dev is a symlink to the host', () => {
  test.each(['absolute', 'relative'])('%s, tinyrunc', async (kind) => {
    const dir = sandbox.bundle(['sh', '-c', 'echo hi >/dev/null; ls /dev/'], (_, rootfs) => {
      rmdirSync(path.join(rootfs, 'dev'));
      symlinkSync(kind === 'absolute' ? sandbox.canary : '../../../canary', path.join(rootfs, 'dev'));
    });
    const { code, stdout } = await sandbox.runBundle(dir);
    expect(stdout).not.toContain('secret');
    if (code === 0) expect(stdout).toContain('null');
  });

  test.each(['absolute', 'relative'])('%s, with no mount over it, tinyrunc', async (kind) => {
    const dir = sandbox.bundle(['true'], (spec, rootfs) => {
      rmdirSync(path.join(rootfs, 'dev'));
      symlinkSync(kind === 'absolute' ? sandbox.canary : '../../../canary', path.join(rootfs, 'dev'));
      spec.mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    });
    // afterEach looks at the canary: no node, no link, no console may have been made there.
    await sandbox.runBundle(dir);
  });

  test('run', async () => {
    const own = new Sandbox();
    const layer = await own.layer();
    rmSync(path.join(layer, 'dev'), { recursive: true });
    symlinkSync(own.canary, path.join(layer, 'dev'));
    const { stdout } = await own.sh([], 'echo hi >/dev/null; ls /dev/');
    own.checkHost();
    await own.close();
    expect(stdout).not.toContain('secret');
  });
});

describe('a mount target below a symlink to the host', () => {
  test.each<[string, (at: string) => MutableMount]>([
    ['a tmpfs', tmpfs],
    ['a directory', (at) => bind('/usr', at)],
    ['a file', (at) => bind('/etc/hostname', at)],
  ])('%s stays inside, tinyrunc', async (_, mount) => {
    const dir = sandbox.bundle(['cat', '/proc/self/mountinfo'], (spec, rootfs) => {
      symlinkSync(sandbox.canary, path.join(rootfs, 'link'));
      spec.mounts = [...spec.mounts, mount('/link/new/x'), mount('/link/../../../../sub/y')];
    });
    const { stdout } = await sandbox.runBundle(dir);
    expect(stdout).not.toMatch(hostRoot());
    expect(existsSync(path.join(sandbox.canary, 'new'))).toBe(false);
  });

  test('-v and --tmpfs stay inside, run', async () => {
    const own = new Sandbox();
    symlinkSync(own.canary, path.join(await own.layer(), 'link'));
    const flags = ['-v', '/usr:/link/new/x', '--tmpfs', '/link/other', '-w', '/link/work'];
    const { stdout } = await own.sh(flags, 'cat /proc/self/mountinfo');
    own.checkHost();
    await own.close();
    expect(stdout).not.toMatch(hostRoot());
  });
});

describe('a volume shared with an attacker who swaps a directory and a symlink', () => {
  /** A volume with `a` a directory and `b` a symlink to the canary. */
  function volume(name: string): [dir: string, a: string, b: string] {
    const dir = path.join(sandbox.dir, name);
    const [a, b] = [path.join(dir, 'a'), path.join(dir, 'b')];
    mkdirSync(a, { recursive: true });
    symlinkSync(sandbox.canary, b);
    return [dir, a, b];
  }
  const INSIDE = 'cat /proc/self/mountinfo; cat /vol/a/secret /vol/a/x/secret 2>/dev/null';

  function check(stdout: string): void {
    expect(stdout).not.toContain('host secret');
    expect(stdout).not.toMatch(hostRoot());
    expect(readdirSync(sandbox.canary).sort()).toEqual(['secret', 'sub']);
  }

  const attack = (dir: string) =>
    sandbox.bundle(['sh', '-c', INSIDE], (spec) => {
      spec.mounts = [...spec.mounts, bind(dir, '/vol'), tmpfs('/vol/a/x/y/z'), bind('/usr', '/vol/a/u/v')];
    });

  test('swapped once, between look-up and use, tinyrunc', async () => {
    const [dir, a, b] = volume('once');
    const running = sandbox.under(held(60), TINYRUNC, ['run', '--bundle', attack(dir), 'once']);
    expect(await swapWhile(a, b, running)).toBeGreaterThan(500);
    check((await running).stdout);
  });

  test('swapped once, between look-up and use, run', async () => {
    const [dir, a, b] = volume('once-run');
    await sandbox.layer();
    const args = [
      'run',
      '--rm',
      '-v',
      `${dir}:/vol`,
      '-v',
      '/usr:/vol/a/u/v',
      '--tmpfs',
      '/vol/a/x/y/z',
      'busybox',
      'sh',
      '-c',
      INSIDE,
    ];
    const running = sandbox.under(held(60), TINYRUN, args);
    expect(await swapWhile(a, b, running)).toBeGreaterThan(500);
    check((await running).stdout);
  });

  test('swapped all the time, 20 containers', async () => {
    const [dir, a, b] = volume('often');
    const bundle = attack(dir);
    let output = '';
    const all = (async () => {
      for (let i = 0; i < 20; i++)
        output += (await sandbox.tinyrunc(['run', '--bundle', bundle, `often-${i}`])).stdout;
    })();
    expect(await swapWhile(a, b, all)).toBeGreaterThan(500);
    check(output);
  });
});

describe('the terminal', () => {
  /** Under script(1), so that the CLI has a terminal of its own. */
  const onTerminal = (command: readonly string[]) =>
    execute('script', ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
      env: sandbox.env,
    });

  test('/dev/console is the pty whatever an image put there', async () => {
    const volume = path.join(sandbox.dir, 'console-dev');
    mkdirSync(volume);
    symlinkSync('/proc/sys/vm/stat_interval', path.join(volume, 'console'));
    const dir = sandbox.bundle(['stat', '-c', '%t', '/dev/console', '/proc/self/fd/0'], (spec) => {
      spec.process.terminal = true;
      spec.mounts = spec.mounts.map((mount) => (mount.destination === '/dev' ? bind(volume, '/dev') : mount));
    });
    const { code, stdout } = await onTerminal([
      TINYRUNC,
      '--root',
      sandbox.runcRoot,
      'run',
      '--bundle',
      dir,
      'console',
    ]);
    // 88 hexadecimal is 136, the major number of pseudo-terminals.
    if (code === 0) expect(stdout.trim().split(/\r?\n/)[0]).toBe('88');
    expect(statSync('/proc/sys/vm/stat_interval').isFile()).toBe(true);
  });

  test('a /dev/ptmx that is none is refused', async () => {
    const volume = path.join(sandbox.dir, 'ptmx-dev');
    mkdirSync(volume);
    symlinkSync('/dev/null', path.join(volume, 'ptmx'));
    const dir = sandbox.bundle(['echo', 'STARTED'], (spec) => {
      spec.process.terminal = true;
      spec.mounts = spec.mounts.map((mount) => (mount.destination === '/dev' ? bind(volume, '/dev') : mount));
    });
    const { code, stdout } = await onTerminal([
      TINYRUNC,
      '--root',
      sandbox.runcRoot,
      'run',
      '--bundle',
      dir,
      'ptmx',
    ]);
    if (code === 0) expect(stdout).toContain('STARTED');
  });

  test('pts swapped between the opening and the bind', async () => {
    const volume = path.join(sandbox.dir, 'pts-dev');
    const [pts, evil] = [path.join(volume, 'pts'), path.join(volume, 'evil')];
    mkdirSync(pts, { recursive: true });
    mkdirSync(evil);
    for (let n = 0; n < 64; n++) symlinkSync('/proc/sys/vm/stat_interval', path.join(evil, String(n)));
    const dir = sandbox.bundle(['stat', '-c', '%t', '/dev/console'], (spec) => {
      spec.process.terminal = true;
      const kept = spec.mounts.filter(
        (mount) => mount.destination !== '/dev/mqueue' && mount.destination !== '/dev/shm',
      );
      spec.mounts = kept.map((mount) => (mount.destination === '/dev' ? bind(volume, '/dev') : mount));
    });
    const running = onTerminal([
      ...held(30),
      TINYRUNC,
      '--root',
      sandbox.runcRoot,
      'run',
      '--bundle',
      dir,
      'pts',
    ]);
    await swapWhile(pts, evil, running);
    const { code, stdout } = await running;
    if (code === 0) expect(stdout.trim()).toBe('88');
  });
});

test('a root that is a symlink is refused', async () => {
  const dir = sandbox.bundle(['ls', '/']);
  renameSync(path.join(dir, 'rootfs'), path.join(dir, 'real'));
  symlinkSync(sandbox.canary, path.join(dir, 'rootfs'));
  const { code, stderr } = await sandbox.runBundle(dir);
  expect(code).not.toBe(0);
  expect(stderr).toContain('symlink');
});
