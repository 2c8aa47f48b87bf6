import { describe, expect, test } from 'vitest';
import { CLONE_NEWNS, isolated } from './isolated.ts';

// The mount API on fds, in a mount namespace of its own; /mnt is only mounted over there.

describe('mounts by fd', () => {
  test('fsopen, fsconfig, fsmount, move_mount: a tmpfs with its options', () => {
    const seen = isolated(CLONE_NEWNS, ({ addon, fs }) => {
      const context = addon.fsopen('tmpfs');
      addon.fsconfig(context, 1, 'size', '1m');
      addon.fsconfig(context, 1, 'mode', '0700');
      addon.fsconfig(context, 6);
      const mount = addon.fsmount(context, 0, 0x2 | 0x8);
      const target = addon.openat2(-100, '/mnt', { flags: 0o10000000 | fs.constants.O_DIRECTORY });
      addon.moveMount(mount, '', target, '', 0x4 | 0x40);
      fs.writeFileSync('/mnt/file', 'x');
      const line = fs
        .readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((l) => l.includes(' /mnt '));
      addon.umount('/mnt', 2);
      return { line, type: addon.statfsType(mount), gone: fs.existsSync('/mnt/file') };
    });
    expect(seen.line).toMatch(/ \/mnt rw,nosuid,noexec,.* tmpfs .*size=1024k,mode=700/);
    expect(seen).toMatchObject({ type: 0x01021994, gone: false });
  });

  test('a refused option carries what the filesystem says about it', () => {
    const message = isolated(CLONE_NEWNS, ({ addon }) => {
      const context = addon.fsopen('tmpfs');
      try {
        addon.fsconfig(context, 1, 'nonsense', '1');
        return 'success';
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(message).toMatch(/^fsconfig nonsense=1 .*[Uu]nknown parameter 'nonsense' EINVAL$/);
  });

  test('open_tree clones, mount_setattr changes, flags of either sign', () => {
    const codes = isolated(CLONE_NEWNS, ({ addon, fs, code }) => {
      addon.mount('tmpfs', '/mnt', 'tmpfs', 0, 'size=1m');
      fs.mkdirSync('/mnt/a');
      fs.mkdirSync('/mnt/b');
      const tree = addon.openTree(-100, '/mnt/a', 1 | 0x8000);
      addon.mountSetattr(tree, '', 0x1000, { set: 1n | 2n, propagation: 0x40000n });
      addon.moveMount(tree, '', -100, '/mnt/b', 0x4);
      return [
        code(() => fs.writeFileSync('/mnt/b/x', '')),
        code(() => fs.writeFileSync('/mnt/a/x', '')),
        code(() => addon.mountSetattr(-100, '/mnt/b', 0, { clear: 1n })),
        code(() => fs.writeFileSync('/mnt/b/y', '')),
        code(() => addon.mountSetattr(-100, '/mnt/b', 0, { set: 1n << 40n })),
      ];
    });
    expect(codes).toEqual(['EROFS', 'success', 'success', 'success', 'EINVAL']);
  });

  test('an idmapped clone shows other owners', () => {
    const owner = isolated(CLONE_NEWNS, ({ addon, fs }) => {
      addon.mount('tmpfs', '/mnt', 'tmpfs', 0, 'size=1m');
      fs.mkdirSync('/mnt/a');
      const process = addon.clone({ flags: 0x10000000n });
      fs.writeFileSync(`/proc/${process.pid}/uid_map`, '0 5000 10');
      fs.writeFileSync(`/proc/${process.pid}/gid_map`, '0 5000 10');
      const usernsFd = fs.openSync(`/proc/${process.pid}/ns/user`, 'r');
      const tree = addon.openTree(-100, '/mnt/a', 1);
      addon.mountSetattr(tree, '', 0x1000, { set: 0x100000n, usernsFd });
      addon.pidfdSendSignal(process.pidfd, 9);
      const { uid, gid } = addon.fstatat(tree, '');
      return { uid, gid };
    });
    expect(owner).toEqual({ uid: 5000, gid: 5000 });
  });

  test('pivot_root, mount moves and errors', () => {
    const codes = isolated(CLONE_NEWNS, ({ addon, fs, code }) => {
      addon.mount('tmpfs', '/mnt', 'tmpfs', 0);
      fs.mkdirSync('/mnt/old');
      return [
        code(() => addon.umount('/mnt/old')),
        code(() => addon.fsopen('nonesuch')),
        code(() => addon.mount('tmpfs', '/nonexistent', 'tmpfs', 0)),
        code(() => addon.pivotRoot('/mnt/old', '/mnt/old')),
        code(() => addon.pivotRoot('/mnt', '/mnt/old')),
        code(() => fs.statSync('/old/proc')),
      ];
    });
    expect(codes).toEqual(['EINVAL', 'ENODEV', 'ENOENT', 'EINVAL', 'success', 'success']);
  });
});

describe('files that need root', () => {
  test('device nodes, trusted xattrs, owners', () => {
    const seen = isolated(CLONE_NEWNS, ({ addon, fs }) => {
      addon.mount('tmpfs', '/mnt', 'tmpfs', 0);
      const dir = addon.openat2(-100, '/mnt', { flags: fs.constants.O_DIRECTORY });
      addon.mknodat(dir, 'null', 0o020666, 1, 3);
      const { rdevMajor, rdevMinor } = addon.fstatat(dir, 'null');
      addon.mkdirat(dir, 'd', 0o755);
      addon.setxattr(dir, 'd', 'trusted.overlay.opaque', new TextEncoder().encode('y'));
      addon.fchownat(dir, 'd', 4294967294, 1234);
      const { uid, gid } = addon.fstatat(dir, 'd');
      return { rdevMajor, rdevMinor, xattrs: addon.listxattr(dir, 'd'), uid, gid };
    });
    expect(seen).toMatchObject({ rdevMajor: 1, rdevMinor: 3, uid: 4294967294, gid: 1234 });
    expect(seen.xattrs).toContain('trusted.overlay.opaque');
  });

  test('removeTree stops at a mount', () => {
    const seen = isolated(CLONE_NEWNS, ({ addon, fs, code }) => {
      addon.mount('tmpfs', '/mnt', 'tmpfs', 0);
      fs.mkdirSync('/mnt/tree/mounted', { recursive: true });
      addon.mount('tmpfs', '/mnt/tree/mounted', 'tmpfs', 0);
      fs.writeFileSync('/mnt/tree/mounted/canary', '');
      const dir = addon.openat2(-100, '/mnt', { flags: fs.constants.O_DIRECTORY });
      return [code(() => addon.removeTree(dir, 'tree')), fs.existsSync('/mnt/tree/mounted/canary')];
    });
    expect(seen).toEqual(['EBUSY', true]);
  });
});
