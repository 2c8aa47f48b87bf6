// Mount targets that move: CVE-2021-30465 (swapped for a symlink), CVE-2024-45310 (mkdir -p on the host), CVE-2026-41579
// and crun 2026-47766 (/dev is a symlink), CVE-2025-52565 (the terminal swapped before it is bound to /dev/console).
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  bind,
  execute,
  type MutableMount,
  type Result,
  Sandbox,
  sandboxEachTest,
  swapWhile,
  TINYRUN,
  TINYRUNC,
} from './support.ts';

let sandbox: Sandbox;
sandboxEachTest((fresh) => {
  sandbox = fresh;
});

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

describe('what a container lends is not where its image leads', () => {
  test.each([
    ['a link', () => '../etc'],
    ['a link through the first process of the host', () => `/proc/1/root${sandbox.canary}`],
  ])('%s in place of /dev/shm, tinyrunc', async (_, target) => {
    const lender = sandbox.bundle(['sleep', '1000'], (spec, rootfs) => {
      spec.mounts = spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'pid');
      symlinkSync(target(), path.join(rootfs, 'dev/shm'));
    });
    const id = path.basename(lender);
    const running = sandbox.runBundle(lender);
    await sandbox.untilRunning(id);
    const { pid } = JSON.parse((await sandbox.tinyrunc(['state', id])).stdout);
    const victim = sandbox.bundle(['ls', '/mnt'], (spec) => {
      spec.mounts = [...spec.mounts, bind(`/proc/${pid}/root/dev/shm`, '/mnt')];
    });
    const { code, stdout, stderr } = await sandbox.runBundle(victim);
    await sandbox.tinyrunc(['delete', '--force', id]);
    await running;
    expect(stderr).toMatch(/ELOOP/);
    expect({ started: code === 0, stdout }).toEqual({ started: false, stdout: '' });
  });
});

describe('a volume shared with an attacker who swaps a directory and a symlink', () => {
  /** A volume with `a` a directory and `b` a symlink to the canary. */
  function volume(name: string): [dir: string, a: string, b: string] {
    const dir = path.join(sandbox.dir, name);
    const [a, b] = [path.join(dir, 'a'), path.join(dir, 'b')];
    mkdirSync(path.join(a, 'sub'), { recursive: true });
    symlinkSync(sandbox.canary, b);
    return [dir, a, b];
  }
  const INSIDE = 'cat /proc/self/mountinfo; echo END; cat /vol/a/secret /vol/a/x/secret 2>/dev/null';

  /** The mounts are where a path in the root can lead, or there is no container: never on a path of the host. */
  function check({ stdout }: Result, ends: readonly string[]): void {
    expect(stdout).not.toContain('host secret');
    expect(stdout).not.toMatch(hostRoot());
    expect(readdirSync(sandbox.canary).sort()).toEqual(['secret', 'sub']);
    if (!stdout.includes('END')) return;
    const mounted = stdout.split('\n').map((line) => line.split(' ')[4] ?? '');
    for (const end of ends) expect(mounted.filter((at) => at.endsWith(`/${end}`))).toHaveLength(1);
  }

  const attack = (...mounts: MutableMount[]) =>
    sandbox.bundle(['sh', '-c', INSIDE], (spec) => {
      spec.mounts = [...spec.mounts, ...mounts];
    });

  /** Some of these containers meet the link and some the directory, whatever moment the scheduler picks. */
  const ROUNDS = 8;

  // `sub` is there on the host, too: what walks the path again mounts on the canary, which the container then lacks.
  test('a target that is there, swapped between look-up and use, tinyrunc', async () => {
    const [dir, a, b] = volume('there');
    const bundle = attack(bind(dir, '/vol'), tmpfs('/vol/a/sub'));
    for (let round = 0; round < ROUNDS; round++) {
      const args = ['run', '--bundle', bundle, sandbox.id(`there-${round}`)];
      const running = sandbox.under(held(10), TINYRUNC, args);
      expect(await swapWhile(a, b, running)).toBeGreaterThanOrEqual(500);
      check(await running, ['sub']);
    }
  });

  test('a target that is there, swapped between look-up and use, run', async () => {
    const [dir, a, b] = volume('there-run');
    await sandbox.layer();
    const mounts = ['-v', `${dir}:/vol`, '--tmpfs', '/vol/a/sub'];
    const args = ['run', '--rm', ...mounts, 'busybox', 'sh', '-c', INSIDE];
    for (let round = 0; round < ROUNDS; round++) {
      const running = sandbox.under(held(10), TINYRUN, args);
      expect(await swapWhile(a, b, running)).toBeGreaterThanOrEqual(500);
      check(await running, ['sub']);
    }
  });

  test('targets that are made, swapped all the time, 20 containers', async () => {
    const [dir, a, b] = volume('often');
    const bundle = attack(bind(dir, '/vol'), tmpfs('/vol/a/x/y/z'), bind('/usr', '/vol/a/u/v'));
    const results: Result[] = [];
    const all = (async () => {
      for (let i = 0; i < 20; i++)
        results.push(await sandbox.tinyrunc(['run', '--bundle', bundle, sandbox.id(`often-${i}`)]));
    })();
    expect(await swapWhile(a, b, all)).toBeGreaterThanOrEqual(500);
    expect(results.filter(({ stdout }) => stdout.includes('END')).length).toBeGreaterThan(0);
    for (const result of results) check(result, ['x/y/z', 'u/v']);
  });
});

describe('the terminal of a container whose /dev is a volume of the attacker', () => {
  /** What the runtime would make in a /dev of its own, since in a volume it makes nothing. */
  function devVolume(name: string): string {
    const volume = path.join(sandbox.dir, name);
    mkdirSync(path.join(volume, 'pts'), { recursive: true });
    for (const [node, minor] of [
      ['null', '3'],
      ['zero', '5'],
    ] as const)
      spawnSync('mknod', ['-m', '666', path.join(volume, node), 'c', '1', minor]);
    return volume;
  }

  function terminalBundle(volume: string, args: readonly string[]): string {
    return sandbox.bundle(args, (spec) => {
      spec.process.terminal = true;
      const kept = spec.mounts.filter(
        ({ destination }) => !['/dev/mqueue', '/dev/shm'].includes(destination),
      );
      spec.mounts = kept.map((mount) => (mount.destination === '/dev' ? bind(volume, '/dev') : mount));
    });
  }

  /** Under script(1), so that the CLI has a terminal of its own. */
  function onTerminal(bundle: string, id: string, wrapper: readonly string[] = []): Promise<Result> {
    const command = [
      ...wrapper,
      TINYRUNC,
      '--root',
      sandbox.runcRoot,
      'run',
      '--bundle',
      bundle,
      sandbox.id(id),
    ];
    const quoted = command.map((word) => `'${word}'`).join(' ');
    return execute('script', ['-qec', quoted, '/dev/null'], { env: sandbox.env });
  }

  // 88 hexadecimal is 136, the major number of pseudo-terminals.
  const SHOW = ['stat', '-Lc', 'major %t', '/dev/console'];

  test('is its /dev/console', async () => {
    const { code, stdout } = await onTerminal(terminalBundle(devVolume('dev-plain'), SHOW), 'plain');
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('major 88');
  });

  test('is not bound through a symlink in its place', async () => {
    const volume = devVolume('dev-console');
    symlinkSync('/proc/sys/vm/stat_interval', path.join(volume, 'console'));
    const { code, stdout } = await onTerminal(
      terminalBundle(volume, ['cat', '/proc/self/mountinfo']),
      'console',
    );
    expect(stdout).not.toMatch(/stat_interval.* devpts /);
    expect(code, stdout).not.toBe(0);
  });

  test('comes of a devpts and of nothing else', async () => {
    const volume = devVolume('dev-ptmx');
    symlinkSync('../zero', path.join(volume, 'pts/ptmx'));
    const bundle = terminalBundle(volume, ['echo', 'STARTED']);
    const config = path.join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(config, 'utf8'));
    spec.mounts = spec.mounts.filter((mount: MutableMount) => mount.destination !== '/dev/pts');
    writeFileSync(config, JSON.stringify(spec));
    const { code, stdout } = await onTerminal(bundle, 'ptmx');
    expect(stdout).toMatch(/\/dev\/pts.*(ELOOP|not a devpts)/);
    expect(stdout).not.toContain('STARTED');
    expect(code).not.toBe(0);
  });

  test('is a pty though pts/N is swapped between its opening and the bind', async () => {
    const volume = devVolume('dev-pts');
    const [pts, evil] = [path.join(volume, 'pts'), path.join(volume, 'evil')];
    mkdirSync(evil);
    for (let n = 0; n < 16; n++) symlinkSync('/etc/target', path.join(evil, String(n)));
    const bundle = terminalBundle(volume, SHOW);
    const target = path.join(bundle, 'rootfs/etc/target');
    const wanted = 'what the attacker wants opened\n';
    writeFileSync(target, wanted);
    const hold = [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=openat2,move_mount,fstatfs',
      '-e',
      // fstatfs(2) stands between the opening of the master and that of the terminal
      'inject=openat2,move_mount,fstatfs:delay_enter=3000',
    ];
    let started = 0;
    for (let round = 0; round < 12; round++) {
      const running = onTerminal(bundle, `pts-${round}`, hold);
      await swapWhile(pts, evil, running, 100);
      const { code, stdout } = await running;
      // Meeting the wrong directory is an error; meeting the wrong file would be the attacker's win: it is written to.
      expect(readFileSync(target, 'utf8')).toBe(wanted);
      if (code === 0) expect(stdout).toContain('major 88');
      if (code === 0) started++;
    }
    expect(started).toBeGreaterThan(0);
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
