// What must not come along: file descriptors (CVE-2024-21626), inheritable capabilities (CVE-2022-29162), a writable
// cgroup tree (CVE-2023-25809).
import { closeSync, existsSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Result, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

/** Where a hybrid host has mounted cgroup2. */
const HYBRID = '/sys/fs/cgroup/unified';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterEach(() => sandbox.checkHost());
afterAll(() => sandbox.close());

describe('a directory of the host, open at 7 and 251', () => {
  // Where an fd of the runtime's own could be met, and where the test's are.
  const numbers = [...Array.from({ length: 28 }, (_, i) => i + 3), 63, 64, 127, 250, 251, 252, 255];
  const LOOK = 'cat secret ../canary/secret ./canary/secret 2>/dev/null; pwd';

  async function withHostFds(
    call: (stdio: ('ignore' | 'pipe' | number | null)[]) => Promise<Result>,
  ): Promise<Result> {
    const fd = openSync(sandbox.canary, 'r');
    const stdio = Array.from({ length: 252 }, (_, n) =>
      n === 7 || n === 251 ? fd : n === 0 ? 'ignore' : n < 3 ? 'pipe' : null,
    );
    try {
      return await call(stdio as ('ignore' | 'pipe' | number | null)[]);
    } finally {
      closeSync(fd);
    }
  }

  function refused({ code, stdout }: Result): void {
    expect(stdout).not.toContain('host secret');
    expect(code).not.toBe(0);
  }

  test('cannot be the working directory, run -w', async () => {
    for (const n of numbers)
      refused(await withHostFds((stdio) => sandbox.sh(['-w', `/proc/self/fd/${n}`], LOOK, { stdio })));
    refused(await withHostFds((stdio) => sandbox.sh(['-w', '/proc/self/fd/7/sub'], LOOK, { stdio })));
    // cleaned before it is used: a directory of the container's own procfs
    const cleaned = await withHostFds((stdio) => sandbox.sh(['-w', '/proc/1/fd/7/../'], LOOK, { stdio }));
    expect(cleaned).toEqual({ code: 0, stdout: '/proc/1/fd\n', stderr: '' });
  });

  test('cannot be the working directory, tinyrunc process.cwd', async () => {
    for (const n of numbers) {
      const dir = sandbox.bundle(['sh', '-c', LOOK], (spec) => {
        spec.process.cwd = `/proc/self/fd/${n}`;
      });
      refused(await withHostFds((stdio) => sandbox.runBundle(dir, { stdio })));
    }
  });

  test('cannot be the working directory, tinyrunc exec --cwd', async () => {
    const dir = sandbox.bundle(['sleep', '1000']);
    const running = sandbox.tinyrunc(['run', '--bundle', dir, sandbox.id('cwd')]);
    await sandbox.untilRunning(sandbox.id('cwd'));
    for (const n of numbers) {
      const args = ['exec', '--cwd', `/proc/self/fd/${n}`, sandbox.id('cwd'), 'sh', '-c', LOOK];
      refused(await withHostFds((stdio) => sandbox.tinyrunc(args, { stdio })));
    }
    await sandbox.tinyrunc(['delete', '--force', sandbox.id('cwd')]);
    await running;
  });

  test('is not in the container', async () => {
    const list = 'cd /proc/self/fd; for f in *; do readlink $f >/dev/null && echo $f; done';
    const run = await withHostFds((stdio) => sandbox.sh([], list, { stdio }));
    expect(
      run.stdout
        .trim()
        .split('\n')
        .filter((n) => Number(n) > 2 && Number(n) !== 255),
    ).toEqual([]);
    const dir = sandbox.bundle(['sh', '-c', list]);
    const oci = await withHostFds((stdio) => sandbox.runBundle(dir, { stdio }));
    expect(
      oci.stdout
        .trim()
        .split('\n')
        .filter((n) => Number(n) > 2 && Number(n) !== 255),
    ).toEqual([]);
  });
});

describe('inheritable capabilities are empty', () => {
  const SHOW = 'grep CapInh /proc/self/status';
  const NONE = 'CapInh:\t0000000000000000\n';

  test.each([
    [[]],
    [['--cap-add', 'NET_ADMIN']],
    [['--cap-add', 'ALL']],
    [['--privileged']],
    [['-u', '1000']],
    [['--init']],
  ])('run %j', async (flags) => {
    expect((await sandbox.sh(flags, SHOW)).stdout).toBe(NONE);
  });

  test('tinyrunc run and exec, with and without --cap', async () => {
    const dir = sandbox.bundle(['sh', '-c', `${SHOW}; sleep 1000`]);
    const running = sandbox.tinyrunc(['run', '--bundle', dir, sandbox.id('capinh')]);
    await sandbox.untilRunning(sandbox.id('capinh'));
    const exec = (...flags: string[]) =>
      sandbox.tinyrunc(['exec', ...flags, sandbox.id('capinh'), 'sh', '-c', SHOW]);
    expect((await exec()).stdout).toBe(NONE);
    expect((await exec('--cap', 'CAP_NET_ADMIN')).stdout).toBe(NONE);
    expect((await exec('--user', '1000', '--cap', 'CAP_NET_ADMIN')).stdout).toBe(NONE);
    await sandbox.tinyrunc(['delete', '--force', sandbox.id('capinh')]);
    expect((await running).stdout).toBe(NONE);
  });
});

// It has to write to the group that it sees as the root; the kernel keeps it from lifting that one's limits only where the
// host has mounted cgroup2 with nsdelegate.
test('systemd, which divides its cgroup, finds no limit of its own there', async () => {
  const TRY = `cd /sys/fs/cgroup; for f in cgroup.max.descendants cgroup.max.depth memory.max pids.max; do
    { echo 3 >$f; } 2>/dev/null; done; mkdir part; echo $$ >part/cgroup.procs; echo done; sleep 1000`;
  const run = ['run', '-d', '--name', 'divides', '--systemd', 'always', '--stop-timeout', '0'];
  expect(await sandbox.tinyrun([...run, 'busybox', 'sh', '-c', TRY])).toMatchObject({ code: 0 });
  while ((await sandbox.tinyrun(['logs', 'divides'])).stdout !== 'done\n');
  const { stdout: pid } = await sandbox.tinyrun(['inspect', '-f', '{{.State.Pid}}', 'divides']);
  const below = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid.trim()}/cgroup`, 'utf8'))?.[1];
  expect(below).toMatch(/\/[0-9a-f]{64}\/payload\/part$/);
  const root = / (\S+) cgroup2 /.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  const limited = path.join(`${root}${below}`, '../..');
  const bounds = ['cgroup.max.descendants', 'cgroup.max.depth'];
  expect(bounds.map((file) => readFileSync(path.join(limited, file), 'utf8').trim())).toEqual(['4096', '15']);
  expect(await sandbox.tinyrun(['rm', '-f', 'divides'])).toMatchObject({ code: 0 });
});

// Then a new cgroup2 is the host's whole tree, as whoever called is at its root.
test.skipIf(!existsSync(HYBRID))(
  'where the host has mounted no cgroup2 systemd is given none to write to',
  async () => {
    const without = [
      'unshare',
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      `umount ${HYBRID} && exec "$0" "$@"`,
    ];
    const name = sandbox.id('escape');
    const program = path.join(sandbox.dir, 'systemd');
    writeFileSync(program, `#!/bin/sh\nmkdir /sys/fs/cgroup/${name} && echo WRITABLE\necho done\n`, {
      mode: 0o755,
    });
    const run = ['run', '--rm', '-v', `${program}:/opt/systemd:ro`];
    try {
      const { stdout, stderr } = await sandbox.under(without, TINYRUN, [...run, 'busybox', '/opt/systemd']);
      expect({ stdout, stderr }).toEqual({ stdout: 'done\n', stderr: expect.stringContaining('Read-only') });
    } finally {
      if (existsSync(`${HYBRID}/${name}`)) rmdirSync(`${HYBRID}/${name}`);
    }
    const always = [...run, '--systemd', 'always', 'busybox', 'true'];
    expect(await sandbox.under(without, TINYRUN, always)).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(
        /^tinyrun: --systemd "always": the host has no cgroup v2.*\nhint: mkdir -p .*mount -t cgroup2/,
      ),
    });
  },
);

describe('the cgroup tree cannot be written', () => {
  const TRY = `for d in $(grep cgroup /proc/self/mounts | cut -d' ' -f2); do
      mkdir $d/escape 2>/dev/null && echo "WRITABLE $d"; { echo 1 >$d/cgroup.procs; } 2>/dev/null && echo "WRITABLE $d/cgroup.procs"
    done; echo end`;

  test.each([[[]], [['--cgroupns', 'host']], [['--cap-add', 'SYS_PTRACE']]])('run %j', async (flags) => {
    expect((await sandbox.sh(flags, TRY)).stdout).toBe('end\n');
  });

  // Mounted writable: what keeps it from the host's tree is that it is shown a branch of its own, or none.
  test.each([
    ['read-only', ['ro'], TRY, 'end\n'],
    [
      'writable',
      [],
      'cd /sys/fs/cgroup; busybox find . -type d; mkdir escape 2>/dev/null && echo WRITABLE',
      '.\n',
    ],
  ])('a user namespace without a cgroup namespace, %s, tinyrunc', async (_, options, script, seen) => {
    const dir = sandbox.bundle(
      ['sh', '-c', script.replace('grep', 'busybox grep').replace('cut', 'busybox cut')],
      (spec) => {
        for (const mount of spec.mounts) if (mount.type === 'cgroup') mount.options = [...options];
        spec.linux.namespaces = [
          ...spec.linux.namespaces.filter(({ type }) => type !== 'cgroup'),
          { type: 'user' },
        ];
        spec.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
        spec.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
      },
    );
    const { stdout, stderr } = await sandbox.runBundle(dir);
    expect(stdout, stderr).toBe(seen);
  });
});
