// What a container gets when nobody asks for less: table C, looked at from inside.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const probe = path.join(sandbox.dir, 'probe');

beforeAll(async () => {
  const source = path.join(import.meta.dirname, 'probe.c');
  const { status, stderr } = spawnSync('gcc', ['-static', '-O1', '-o', probe, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  await sandbox.layer();
});
afterAll(() => sandbox.close());

const output = async (flags: readonly string[], script: string) => (await sandbox.sh(flags, script)).stdout;

describe('capabilities', () => {
  const SHOW = 'grep ^Cap /proc/self/status | cut -f2 | tr "\\n" " "';
  /** CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP */
  const DEFAULT = '00000000a80425fb';
  const NONE = '0000000000000000';

  test('the 14, bounding too; inheritable and ambient empty', async () => {
    expect(await output([], SHOW)).toBe(`${NONE} ${DEFAULT} ${DEFAULT} ${DEFAULT} ${NONE} `);
  });

  test('another user keeps the bound alone', async () => {
    expect(await output(['-u', '1000'], SHOW)).toBe(`${NONE} ${NONE} ${NONE} ${DEFAULT} ${NONE} `);
  });

  test('--cap-drop ALL and --cap-add', async () => {
    expect(await output(['--cap-drop', 'ALL'], SHOW)).toBe(`${`${NONE} `.repeat(5)}`);
    const chown = '0000000000000001';
    expect(await output(['--cap-drop', 'ALL', '--cap-add', 'CHOWN'], SHOW)).toBe(
      `${NONE} ${`${chown} `.repeat(3)}${NONE} `,
    );
  });
});

describe('seccomp', () => {
  async function calls(...flags: string[]): Promise<Map<string, string>> {
    const { stdout, stderr } = await sandbox.tinyrun([
      'run',
      '--rm',
      '-v',
      `${probe}:/probe:ro`,
      ...flags,
      'busybox',
      '/probe',
    ]);
    expect(stdout, stderr).toMatch(/getpid ok\n$/);
    return new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
    );
  }

  const REFUSED = (
    'clone(CLONE_NEWUSER) clone(CLONE_NEWNS) clone(CLONE_NEWNET) unshare(CLONE_NEWUSER) ' +
    'unshare(CLONE_NEWNS) setns mount fsopen open_tree move_mount mount_setattr pivot_root bpf ' +
    'perf_event_open keyctl add_key request_key userfaultfd io_uring_setup io_uring_enter ' +
    'io_uring_register kexec_load init_module finit_module delete_module reboot swapon settimeofday ' +
    'open_by_handle_at personality(ADDR_NO_RANDOMIZE)'
  ).split(' ');

  test('by default', async () => {
    const found = await calls();
    expect(REFUSED.map((name) => [name, found.get(name)])).toEqual(REFUSED.map((name) => [name, 'EPERM']));
    // So that glibc falls back to clone, whose flags can be looked at.
    expect(found.get('clone3')).toBe('ENOSYS');
    expect(found.get('socket(AF_ALG)')).not.toBe('ok');
    expect(found.get('socket(AF_VSOCK)')).not.toBe('ok');
    for (const name of ['socket(AF_INET)', 'socket(AF_UNIX)', 'socket(AF_INET, SOCK_RAW)'])
      expect(found.get(name)).toBe('ok');
  });

  test('mount, setns, unshare and bpf with SYS_ADMIN', async () => {
    const found = await calls('--cap-add', 'SYS_ADMIN');
    expect(found.get('mount')).toBe('ENOENT');
    expect(found.get('setns')).toBe('EBADF');
    expect(found.get('unshare(CLONE_NEWNS)')).toBe('ok');
    expect(found.get('bpf')).toBe('EINVAL');
    expect(found.get('keyctl')).toBe('EPERM');
    expect(found.get('userfaultfd')).toBe('EPERM');
  });

  test('unconfined', async () => {
    const found = await calls('--security-opt', 'seccomp=unconfined');
    expect(found.get('keyctl')).not.toBe('EPERM');
    expect(found.get('clone(CLONE_NEWUSER)')).toBe('ok');
  });

  test('the filter is there, and no_new_privs when asked for', async () => {
    expect(await output([], 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status')).toBe(
      'NoNewPrivs:\t0\nSeccomp:\t2\n',
    );
    const asked = await output(
      ['--security-opt', 'no-new-privileges'],
      'grep ^NoNewPrivs: /proc/self/status',
    );
    expect(asked).toBe('NoNewPrivs:\t1\n');
  });
});

describe('paths', () => {
  const MASKED = [
    ...'acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats'
      .split(' ')
      .map((name) => `/proc/${name}`),
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
    '/sys/devices/system/cpu/cpu0/thermal_throttle',
  ];
  const READONLY = [
    '/proc/bus',
    '/proc/fs',
    '/proc/irq',
    '/proc/sys',
    '/proc/sysrq-trigger',
    '/sys',
    '/sys/fs/cgroup',
  ];
  const here = (list: readonly string[]) => list.filter((file) => existsSync(file));

  test('masked ones are empty, be they files or directories', async () => {
    const list = here(MASKED);
    expect(list.length).toBeGreaterThan(3);
    const script = `for p in ${list.join(' ')}; do if [ -d $p ]; then ls -A $p; else head -c 16 $p; fi; done`;
    const { code, stdout, stderr } = await sandbox.sh([], script);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('read-only ones refuse even what root may write', async () => {
    const paths = here(READONLY).filter(
      (file) => file !== '/sys/fs/cgroup' || existsSync('/sys/fs/cgroup/cgroup.controllers'),
    );
    const script = `for p in ${paths.join(' ')}; do if [ -d $p ]; then mkdir $p/x; else echo x >$p; fi; done 2>&1
      echo 1 2>&1 >/proc/sys/vm/stat_interval`;
    const lines = (await output([], script)).trim().split('\n');
    expect(lines.length).toBe(paths.length + 1);
    // proc and sysfs themselves have no mkdir, which the kernel tells before it looks at the mount.
    for (const line of lines)
      expect(line).toMatch(/Read-only file system|mkdir: .*(Operation not permitted|No such file)/);
    expect(lines.at(-1)).toMatch(/stat_interval: Read-only file system/);
  });

  test('every mount below a read-only one is read-only too', async () => {
    const mounts = (await output([], 'cat /proc/self/mounts'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const writable = mounts.filter(
      ([, target = '', , options = '']) =>
        READONLY.some((p) => target === p || target.startsWith(`${p}/`)) && !options.startsWith('ro'),
    );
    expect(writable).toEqual([]);
    const flagsOf = (target: string) =>
      mounts
        .filter((mount) => mount[1] === target)
        .at(-1)?.[3]
        ?.split(',');
    expect(flagsOf('/proc')).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
    expect(flagsOf('/sys')).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
    expect(flagsOf('/dev')).toEqual(expect.arrayContaining(['nosuid']));
    expect(flagsOf('/dev/shm')).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
  });

  test('--privileged has none of it', async () => {
    const script =
      'head -c 4 /proc/interrupts | wc -c; [ -w /proc/sys/vm/stat_interval ] && echo writable; cut -d" " -f2,4 /proc/self/mounts | grep "^/sys rw"';
    expect(await output(['--privileged'], script)).toMatch(/^4\nwritable\n\/sys rw/);
  });

  test('--read-only', async () => {
    expect(
      await output(
        ['--read-only'],
        'touch /x 2>&1; touch /dev/shm/x && echo shm; echo x >/dev/null && echo null',
      ),
    ).toBe('touch: /x: Read-only file system\nshm\nnull\n');
  });
});

describe('devices', () => {
  test('the specification’s, and no other', async () => {
    const stdout = await output([], 'cd /dev; for f in *; do stat -c "%n %F %t:%T %a" $f; done');
    expect(stdout.trim().split('\n')).toEqual([
      'core symbolic link 0:0 777',
      'fd symbolic link 0:0 777',
      'full character special file 1:7 666',
      'mqueue directory 0:0 1777',
      'null character special file 1:3 666',
      'ptmx symbolic link 0:0 777',
      'pts directory 0:0 755',
      'random character special file 1:8 666',
      'shm directory 0:0 1777',
      'stderr symbolic link 0:0 777',
      'stdin symbolic link 0:0 777',
      'stdout symbolic link 0:0 777',
      'tty character special file 5:0 666',
      'urandom character special file 1:9 666',
      'zero character special file 1:5 666',
    ]);
  });

  // On a host whose cgroup2 can carry it (any that is mounted can), the program of type BPF_CGROUP_DEVICE refuses.
  test('a node for the memory of the host may be made, not opened', async () => {
    const script =
      'mknod /dev/mem2 c 1 1 && echo made; head -c 1 /dev/mem2 2>&1; mknod /n c 1 3 && echo x >/n && echo null';
    expect(await output([], script)).toBe('made\nhead: /dev/mem2: Operation not permitted\nnull\n');
  });
});

describe('namespaces and limits', () => {
  const KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'];
  const inside = (flags: string[] = [], then = 'true') =>
    output(flags, `cd /proc/self/ns; for n in ${KINDS.join(' ')} user; do readlink $n; done; ${then}`);
  const outside = (name: string) =>
    spawnSync('readlink', [`/proc/self/ns/${name}`], { encoding: 'utf8' }).stdout.trim();

  test('six of its own; the user namespace is the host’s', async () => {
    // Ids of namespaces that are gone are given out again: the first waits for the second to be there.
    spawnSync('mkfifo', [path.join(sandbox.dir, 'meet')]);
    const meet = ['-v', `${sandbox.dir}/meet:/meet`];
    const [first, second] = await Promise.all([inside(meet, 'cat /meet >&2'), inside(meet, 'echo >/meet')]);
    const lines = first.trim().split('\n');
    expect(lines.length).toBe(7);
    for (const [n, kind] of KINDS.entries()) expect(lines[n]).not.toBe(outside(kind));
    expect(lines[6]).toBe(outside('user'));
    expect(second.split('\n').slice(0, 6)).not.toEqual(lines.slice(0, 6));
  });

  test('the cgroup of the container is its root', async () => {
    expect(await output([], 'grep ^0:: /proc/self/cgroup')).toBe('0::/\n');
  });

  test('sysctls of its network', async () => {
    const script =
      'cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range; ip -o link | grep -c UP; ip -o link | wc -l';
    expect(await output([], script)).toBe('0\n0\t2147483647\n1\n1\n');
  });

  test('/dev/shm is 64 MiB, --shm-size changes it', async () => {
    const SIZE = 'stat -f -c "%b %s" /dev/shm';
    const bytes = (text: string) =>
      text
        .trim()
        .split(' ')
        .map(Number)
        .reduce((a, b) => a * b);
    expect(bytes(await output([], SIZE))).toBe(64 << 20);
    expect(bytes(await output(['--shm-size', '1m'], SIZE))).toBe(1 << 20);
  });

  test('an explicit nofile', async () => {
    const [soft = '', hard = ''] = (await output([], 'ulimit -Sn; ulimit -Hn')).trim().split('\n');
    const host = Number(
      /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'NaN',
    );
    expect(Number(soft)).toBe(1024);
    expect(Number(hard)).toBe(Math.min(524288, host));
  });

  test('the host keeps its name, its mounts and its processes to itself', async () => {
    const stdout = await output(['--hostname', 'box'], 'hostname; ps -o pid= | wc -l; mount | grep -c " / "');
    expect(stdout).toMatch(/^box\n[2-4]\n1\n$/);
    sandbox.checkHost();
  });
});
