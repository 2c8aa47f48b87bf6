import { describe, expect, test } from 'vitest';
import { isolated } from './isolated.ts';

describe('clone', () => {
  test('makes a process in new namespaces that waits until it is released', async () => {
    const seen = await isolated(0, async ({ addon, fs }) => {
      const child = addon.clone({ flags: 0x04000000n | 0x20000000n });
      const link = (pid: number | string, name: string) => fs.readlinkSync(`/proc/${pid}/ns/${name}`);
      const differ = ['uts', 'pid', 'net'].map((name) => link(child.pid, name) !== link('self', name));
      // it is called so soon after it was born
      const name = () => fs.readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim();
      const soon = Date.now() + 30_000;
      while (name() !== 'tinyrun:setup' && Date.now() < soon);
      const waiting = name();
      const end = addon.waitPidfd(child.pidfd);
      child.release();
      child.release();
      return { differ, waiting, status: await end };
    });
    expect(seen).toMatchObject({ differ: [true, true, false], waiting: 'tinyrun:setup' });
    expect(seen.status.kind).toBe('exited');
  });

  test('a signal is told apart from an exit', async () => {
    const status = await isolated(0, async ({ addon }) => {
      const child = addon.clone({ flags: 0n });
      addon.pidfdSendSignal(child.pidfd, 9);
      return addon.waitPidfd(child.pidfd);
    });
    expect(status).toEqual({ kind: 'signaled', code: 137, status: 9 });
  });

  test('says what the kernel refuses', () => {
    const codes = isolated(0, ({ addon, code }) => [
      code(() => addon.clone({ flags: 0x40000000n << 8n })),
      code(() => addon.clone({ flags: 0n, cgroup: 1_000_000 })),
      code(() => addon.setns(1_000_000, 0)),
      code(() => addon.unshare(0x40)),
    ]);
    expect(codes).toEqual(['EINVAL', 'EBADF', 'EBADF', 'EINVAL']);
  });

  test('setns by nsfs fd and by pidfd', () => {
    const names = isolated(0x04000000, ({ addon, fs }) => {
      const own = fs.readlinkSync('/proc/thread-self/ns/uts');
      const child = addon.clone({ flags: 0x04000000n });
      addon.setns(child.pidfd, 0x04000000);
      const joined = fs.readlinkSync('/proc/thread-self/ns/uts') !== own;
      addon.setns(addon.openat2(-100, `/proc/${process.ppid}/ns/uts`, { flags: 0 }), 0x04000000);
      addon.pidfdSendSignal(child.pidfd, 9);
      return { joined, outside: fs.readlinkSync('/proc/thread-self/ns/uts') !== own };
    });
    expect(names).toEqual({ joined: true, outside: true });
  });
});

describe('cgroups', () => {
  test('a process is born in its cgroup; files are written by one write', () => {
    const seen = isolated(0, ({ addon, fs, code }) => {
      const root = fs.existsSync('/sys/fs/cgroup/cgroup.controllers')
        ? '/sys/fs/cgroup'
        : '/sys/fs/cgroup/unified';
      const path = `${root}/tinyrun-test-native-${process.pid}`;
      fs.mkdirSync(path);
      const dir = addon.openat2(-100, path, { flags: fs.constants.O_DIRECTORY });
      try {
        const child = addon.clone({ flags: 0n, cgroup: dir });
        const procs = addon.cgroupRead(dir, 'cgroup.procs').trim() === String(child.pid);
        addon.cgroupWrite(dir, 'cgroup.freeze', '1');
        addon.cgroupWrite(dir, 'cgroup.freeze', '0');
        const codes = [
          code(() => addon.cgroupWrite(dir, 'cgroup.freeze', 'x')),
          code(() => addon.cgroupWrite(dir, 'nonesuch', '1')),
          code(() => addon.cgroupWrite(dir, '../cgroup.procs', '1')),
          code(() => addon.cgroupRead(dir, '/etc/passwd')),
        ];
        addon.cgroupWrite(dir, 'cgroup.kill', '1');
        return addon.waitPidfd(child.pidfd).then((status) => ({ procs, codes, status }));
      } finally {
        process.on('exit', () => fs.rmdirSync(path));
      }
    });
    expect(seen).toMatchObject({
      procs: true,
      codes: ['EINVAL', 'ENOENT', 'EXDEV', 'EXDEV'],
      status: { code: 137 },
    });
  });

  test('a device program is loaded, attached and detached; a bad one is refused with the verifier’s words', () => {
    const seen = isolated(0, ({ addon, fs, code }) => {
      const root = fs.existsSync('/sys/fs/cgroup/cgroup.controllers')
        ? '/sys/fs/cgroup'
        : '/sys/fs/cgroup/unified';
      const path = `${root}/tinyrun-test-bpf-${process.pid}`;
      const allowNothing = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
      const program = addon.bpfLoadDevice(allowNothing);
      fs.mkdirSync(path);
      const dir = addon.openat2(-100, path, { flags: fs.constants.O_DIRECTORY });
      addon.bpfAttach(dir, program, 6, 2);
      addon.bpfDetach(dir, program, 6);
      const again = code(() => addon.bpfDetach(dir, program, 6));
      fs.rmdirSync(path);
      let refused = '';
      try {
        addon.bpfLoadDevice(Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0));
      } catch (error) {
        refused = (error as Error).message;
      }
      return { again, refused, odd: code(() => addon.bpfLoadDevice(new Uint8Array(7))) };
    });
    expect(seen).toMatchObject({ again: 'ENOENT', odd: 'ERR_OUT_OF_RANGE' });
    expect(seen.refused).toMatch(/R0 !read_ok[\s\S]*E(ACCES|INVAL)$/);
  });
});
