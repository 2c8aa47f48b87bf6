// Mount targets that move: CVE-2021-30465 (swapped for a symlink), CVE-2024-45310 (mkdir -p on the host), CVE-2026-41579
// and crun 2026-47766 (/dev is a symlink). The terminal's is in console.test.ts.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Result, TINYRUN, TINYRUNC } from '../support/programs.ts';
import { Sandbox, sandboxEachTest } from '../support/sandbox.ts';
import type { MutableMount } from '../support/spec.ts';
import { bind, swapWhile } from './support.ts';

let sandbox: Sandbox;
sandboxEachTest((fresh) => {
  sandbox = fresh;
});

const tmpfs = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] });

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

  /** The mounts are where a path in the root can lead, or there is no container (0): never on a path of the host. */
  function check({ stdout }: Result, ends: readonly string[]): number {
    expect(stdout).not.toContain('host secret');
    expect(stdout).not.toMatch(hostRoot());
    expect(readdirSync(sandbox.canary).sort()).toEqual(['secret', 'sub']);
    if (!stdout.includes('END')) return 0;
    const mounted = stdout.split('\n').map((line) => line.split(' ')[4] ?? '');
    for (const end of ends) expect(mounted.filter((at) => at.endsWith(`/${end}`))).toHaveLength(1);
    return 1;
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
    let ran = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const args = ['run', '--bundle', bundle, sandbox.id(`there-${round}`)];
      const running = sandbox.under(held(10), TINYRUNC, args);
      expect(await swapWhile(a, b, running)).toBeGreaterThanOrEqual(500);
      ran += check(await running, ['sub']);
    }
    expect(ran).toBeGreaterThan(0);
  });

  test('a target that is there, swapped between look-up and use, run', async () => {
    const [dir, a, b] = volume('there-run');
    await sandbox.layer();
    const mounts = ['-v', `${dir}:/vol`, '--tmpfs', '/vol/a/sub'];
    const args = ['run', '--rm', ...mounts, 'busybox', 'sh', '-c', INSIDE];
    let ran = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const running = sandbox.under(held(10), TINYRUN, args);
      expect(await swapWhile(a, b, running)).toBeGreaterThanOrEqual(500);
      ran += check(await running, ['sub']);
    }
    expect(ran).toBeGreaterThan(0);
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
    const ran = results.map((result) => check(result, ['x/y/z', 'u/v']));
    expect(ran).toContain(1);
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
