// Who a container runs as: CVE-2024-40635, crun 2026-30892 and 2026-46680 (ids that overflow to 0, names made of digits),
// CVE-2026-47262, podman 2024-9676 (account files that block or swallow the memory).
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { execute, type Result, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
let layer: string;
let passwd: string;
let original: string;

beforeAll(async () => {
  layer = await sandbox.layer();
  passwd = path.join(layer, 'etc/passwd');
  original = readFileSync(passwd, 'utf8');
});
afterEach(() => {
  rmSync(passwd, { force: true });
  writeFileSync(passwd, original);
  sandbox.checkHost();
});
afterAll(() => sandbox.close());

const ids = (user: string): Promise<Result> =>
  sandbox.sh(['-u', user], 'grep -E "^(Uid|Gid):" /proc/self/status | cut -f2,3,4,5');
const all = (id: number) => Array(4).fill(id).join('\t');

describe('ids', () => {
  test('a plain number is that number', async () => {
    expect((await ids('1')).stdout).toBe(`${all(1)}\n${all(1)}\n`);
    expect((await ids('1000')).stdout).toBe(`${all(1000)}\n${all(0)}\n`);
    expect((await ids('2147483647:2147483647')).stdout).toBe(`${all(2147483647)}\n${all(2147483647)}\n`);
  });

  test.each([
    '2147483648',
    '4294967295',
    '4294967296',
    '4294967297',
    '99999999999',
    '18446744073709551616',
    '-1',
    '0x0',
    '1e3',
    '1:4294967296',
    '1:-1',
    ' 0',
    '٣',
  ])('%s is refused', async (user) => {
    const { code, stdout, stderr } = await ids(user);
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' });
    expect(stderr).toMatch(/^tinyrun: [^\n]+\nhint: /);
  });

  test('a name made of digits is never taken for its entry', async () => {
    writeFileSync(passwd, `${original}1000:x:0:0:root:/root:/bin/sh\n`);
    expect((await ids('1000')).stdout).toMatch(new RegExp(`^${all(1000)}\n`));
  });

  test.each(['2147483648', '4294967296', '-1', '', 'zero', '0x0', '00000000000000000001'])(
    'a name whose entry has uid %j is never root',
    async (uid) => {
      writeFileSync(passwd, `${original}mallory:x:${uid}:${uid}::/:/bin/sh\n`);
      const { code, stdout } = await ids('mallory');
      if (code === 0) expect(stdout).not.toMatch(/^0\t/);
      else expect(code).toBe(125);
    },
  );

  test('tinyrunc: numbers beyond 32 bits are refused', async () => {
    for (const uid of [4294967296, -1, 1.5, 99999999999]) {
      const dir = sandbox.bundle(['id'], (spec) => {
        spec.process.user.uid = uid;
      });
      const { code, stdout } = await sandbox.runBundle(dir);
      expect({ uid, stdout, ok: code === 0 }).toEqual({ uid, stdout: '', ok: false });
    }
  });
});

describe('account files', () => {
  /** Peak memory in KiB, processor seconds and seconds in all of one `run -u`, by the kernel's own count. */
  async function measured(
    user: string,
  ): Promise<{ code: number; kib: number; seconds: number; waited: number; stderr: string }> {
    const program = `import resource,subprocess,sys,time
t=time.time(); p=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL)
u=resource.getrusage(resource.RUSAGE_CHILDREN)
print(p.returncode,u.ru_maxrss,u.ru_utime+u.ru_stime,time.time()-t)`;
    const args = ['-c', program, TINYRUN, 'run', '--rm', '-u', user, 'busybox', 'true'];
    const { stdout, stderr } = await execute('python3', args, { env: sandbox.env });
    const [code = -1, kib = 0, seconds = 0, waited = 0] = stdout.trim().split(' ').map(Number);
    return { code, kib, seconds, waited, stderr };
  }

  const hostile: [string, (file: string) => void][] = [
    ['2 GiB of nothing', sparse],
    ['a FIFO', (file) => spawnSync('mkfifo', [file])],
    ['a symlink to a file of the host', (file) => symlinkSync(path.join(sandbox.canary, 'secret'), file)],
    ['a symlink to itself', (file) => symlinkSync(path.basename(file), file)],
    ['a directory', (file) => mkdirSync(file)],
    ['/dev/zero', (file) => spawnSync('mknod', [file, 'c', '1', '5'])],
  ];

  function sparse(file: string): void {
    const fd = openSync(file, 'w');
    ftruncateSync(fd, 2 ** 31);
    closeSync(fd);
  }

  test.each(hostile)('passwd is %s: under 2 s, memory flat', async (_, make) => {
    const plain = await measured('root');
    rmSync(passwd, { recursive: true });
    make(passwd);
    for (const user of ['nobody', '1000']) {
      const result = await measured(user);
      expect(result.seconds, result.stderr).toBeLessThan(2);
      // who waits for a FIFO's other end waits for ever
      expect(result.waited).toBeLessThan(60);
      expect(result.kib).toBeLessThan(plain.kib + 16 * 1024);
      expect(result.code).toBe(user === 'nobody' ? 125 : 0);
    }
    rmSync(passwd, { recursive: true });
  });

  test.each(hostile)('group is %s: under 2 s, memory flat', async (_, make) => {
    const group = path.join(layer, 'etc/group');
    const kept = readFileSync(group);
    rmSync(group);
    make(group);
    const result = await measured('nobody:operator');
    rmSync(group, { recursive: true });
    writeFileSync(group, kept);
    expect(result.seconds, result.stderr).toBeLessThan(2);
    expect(result.code).toBe(125);
  });

  test('an account of the host is none of the image', async () => {
    writeFileSync(path.join(sandbox.dir, 'passwd'), 'mallory:x:0:0::/:/bin/sh\n');
    rmSync(passwd);
    symlinkSync(path.join(sandbox.dir, 'passwd'), passwd);
    expect((await ids('mallory')).code).toBe(125);
  });
});
