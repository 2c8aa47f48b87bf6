// Files that we read for others, and files that we write where others may be: table E of the security cases.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readFromLayers } from '../../src/engine/layer-file.ts';
import { native } from '../../src/native/index.ts';
import { openInside, readInside } from '../../src/store/inside.ts';
import { archive, type Entry } from '../integration/image/archives.ts';
import { execute } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

const original = { openat2: native().openat2, close: native().close };
let sandbox: Sandbox;
const at = (...names: string[]) => path.join(sandbox.dir, ...names);

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(async () => {
  await sandbox.close();
});

/** Every system call that creates a file is refused a name that can be known before. */
async function tracedOpens(args: readonly string[], file = 'bin/tinyrun'): Promise<string[]> {
  const trace = at('trace');
  const wrapper = ['strace', '-f', '-qq', '-e', 'trace=openat,open', '-o', trace];
  const { code, stderr } = await sandbox.under(wrapper, path.join(PROJECT, file), args);
  expect(code, stderr).toBe(0);
  return readFileSync(trace, 'utf8').split('\n');
}

describe('reading what an archive made', () => {
  const load = async (entries: readonly Entry[]) => {
    writeFileSync(at('a.tar'), await archive(entries));
    return sandbox.tinyrun(['load', '-i', at('a.tar')]);
  };

  test.each(['canary/secret', 'fifo', '/dev/zero'])(
    'a hard link to a symbolic link to %s',
    async (target) => {
      await execute('mkfifo', [at('fifo')]);
      const linkname = path.resolve(sandbox.dir, target);
      const { code, stderr } = await load([
        { name: 'a/layer.tar', type: 'symlink', linkname },
        { name: 'index.json', type: 'link', linkname: 'a/layer.tar' },
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain('hard link index.json leads to a symbolic link');
      expect(stderr).not.toContain('secret\n');
    },
  );

  test('a layer that is a link out of the archive', async () => {
    const config = `{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:${'0'.repeat(64)}"]}}`;
    const { code, stderr } = await load([
      { name: 'c.json', body: config },
      { name: 'a/layer.tar', type: 'symlink', linkname: at('canary/secret') },
      { name: 'manifest.json', body: '[{"Config":"c.json","Layers":["a/layer.tar"]}]' },
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('it is not there');
  });

  test('a manifest.json larger than any, and one of the wrong form', async () => {
    const huge = await load([{ name: 'manifest.json', body: `[${' '.repeat(5 << 20)}]` }]);
    expect(huge.stderr).toContain('at most 4194304 are read');
    const odd = await load([{ name: 'manifest.json', body: '[{"Config":["c"],"Layers":"x"}]' }]);
    expect(odd.stderr).toContain('an image is no { Config, RepoTags, Layers }');
  });

  test('only regular files are opened below a root, by whatever way', async () => {
    mkdirSync(at('root'));
    await execute('mkfifo', [at('root/fifo')]);
    symlinkSync('fifo', at('root/to-fifo'));
    symlinkSync('/canary/secret', at('root/out'));
    symlinkSync('../../../../../dev/zero', at('root/zero'));
    for (const name of ['fifo', 'to-fifo', '.', 'out', 'zero'])
      expect(() => openInside(at('root'), name), name).toThrow(/no regular file|not there/);
    writeFileSync(at('root/big'), 'x'.repeat(100));
    expect(() => readInside(at('root'), 'big', 99)).toThrow('at most 99');
    expect(readInside(at('root'), 'big', 100).toString()).toHaveLength(100);
  });
});

/** The most descriptors that are held at once while `task` runs. */
function peakOf(task: () => void): number {
  let [open, most] = [0, 0];
  const addon = native();
  const openat2 = vi.spyOn(addon, 'openat2').mockImplementation((...args) => {
    most = Math.max(most, ++open);
    return original.openat2(...args);
  });
  const close = vi.spyOn(addon, 'close').mockImplementation((fd) => {
    open--;
    return original.close(fd);
  });
  task();
  openat2.mockRestore();
  close.mockRestore();
  expect(open).toBe(0);
  return most;
}

test('a walk through links in a hundred layers keeps nothing open behind it', () => {
  const layers = Array.from({ length: 100 }, (_, i) => at('layers', String(i)));
  for (const layer of layers) mkdirSync(path.join(layer, 'etc/a'), { recursive: true });
  const [top = ''] = layers;
  symlinkSync(`/etc/${'a/../'.repeat(40)}p1`, path.join(top, 'etc/passwd'));
  writeFileSync(path.join(top, 'etc/p1'), 'found');
  symlinkSync(`/etc/${'a/../'.repeat(400)}p1`, path.join(top, 'etc/far'));
  const spare = readdirSync('/proc/self/fd').length;
  expect(readFromLayers(layers, '/etc/passwd')).toBe('found');
  expect(readFromLayers(layers, '/etc/far')).toBeUndefined();
  expect(readdirSync('/proc/self/fd')).toHaveLength(spare);
  const peak = peakOf(() => readFromLayers(layers, '/etc/passwd'));
  expect(peak).toBeLessThanOrEqual(3 * layers.length + 2);
});

test('where there is no more descriptor, what was opened is closed', () => {
  const layers = ['top', 'low'].map((name) => at('layers', name));
  for (const layer of layers) mkdirSync(path.join(layer, 'etc'), { recursive: true });
  const before = readdirSync('/proc/self/fd').length;
  const addon = native();
  let opened = 0;
  const openat2 = vi.spyOn(addon, 'openat2').mockImplementation((...args) => {
    if (++opened === 4) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
    return original.openat2(...args);
  });
  expect(() => readFromLayers(layers, '/etc/passwd')).toThrow('EMFILE');
  openat2.mockRestore();
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
});

describe('names of temporary files', () => {
  test('save -o: new, by a name that nobody guesses, no link followed', async () => {
    await sandbox.tinyrun(['run', '--rm', 'busybox', 'true']);
    const opens = (await tracedOpens(['save', '-o', at('o.tar'), 'busybox'])).filter((line) =>
      line.includes(`"${sandbox.dir}/.tmp-`),
    );
    expect(opens.length).toBeGreaterThan(0);
    for (const line of opens) expect(line).toMatch(/\.tmp-[0-9a-f]{24}", [A-Z_|]*O_EXCL/);
    expect(statSync(at('o.tar')).size).toBeGreaterThan(1000);
    expect(readdirSync(sandbox.dir).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  });

  test('save -o /dev/null leaves the device what it is', async () => {
    await sandbox.tinyrun(['run', '--rm', 'busybox', 'true']);
    await execute('mkfifo', [at('fifo')]);
    const { code, stderr } = await sandbox.tinyrun(['save', '-o', at('fifo'), 'busybox']);
    expect(stderr).toContain('is no regular file');
    expect(code).toBe(1);
    expect(statSync(at('fifo')).isFIFO()).toBe(true);
  });

  test('--pid-file: a link in the way of its temporary file is not written through', async () => {
    mkdirSync(at('pids'));
    symlinkSync(at('canary/secret'), at('pids/.p'));
    const dir = at('bundle');
    mkdirSync(path.join(dir, 'rootfs'), { recursive: true });
    await execute('sh', ['-c', `cd ${dir} && ${PROJECT}/bin/tinyrunc spec`]);
    const config = JSON.parse(readFileSync(path.join(dir, 'config.json'), 'utf8'));
    config.process = { ...config.process, terminal: false, args: ['/bin/true'] };
    writeFileSync(path.join(dir, 'config.json'), JSON.stringify(config));
    mkdirSync(path.join(dir, 'rootfs/bin'));
    cpSync('/bin/busybox', path.join(dir, 'rootfs/bin/true'));
    const { code, stderr } = await sandbox.tinyrunc([
      'run',
      '-b',
      dir,
      '--pid-file',
      at('pids/p'),
      sandbox.id('pidfile'),
    ]);
    expect(code, stderr).toBe(0);
    expect(readFileSync(at('pids/p'), 'utf8')).toMatch(/^\d+$/);
    sandbox.checkHost();
  });
});

describe('under umask 0', () => {
  test('nothing of ours may be written by others', async () => {
    const script = `umask 0; for i in 1 2; do ${PROJECT}/bin/tinyrun run --name c$i --cidfile ${at('cid')}$i busybox true; done`;
    const { code, stderr } = await execute('sh', ['-c', script], { env: sandbox.env });
    expect(code, stderr).toBe(0);
    const roots = ['data', 'run', 'cid1'].map((name) => at(name)).join(' ');
    // what an image holds, and /tmp in it, is the image's
    const find = `find ${roots} -path '*/diff' -prune -o -perm /022 ! -type l ! -name images -print`;
    expect((await execute('sh', ['-c', find])).stdout).toBe('');
    await sandbox.tinyrun(['rm', 'c1', 'c2']);
  });

  test('the start-up snapshot is ours, and one that others could have made is not run', async () => {
    const own = at('package');
    mkdirSync(own);
    for (const name of ['bin', 'dist', 'build', 'package.json'])
      await execute('cp', ['-a', path.join(PROJECT, name), own]);
    await execute('rm', ['-rf', path.join(own, 'dist/cache')]);
    const env = { PATH: process.env.PATH ?? '' };
    const start = (more = '') =>
      execute('sh', ['-c', `umask 0; ${more} ${own}/bin/tinyrun --version`], { env });
    for (let i = 0; i < 11; i++) await start();
    const found = await execute('find', [path.join(own, 'dist/cache'), '!', '-type', 'l', '-perm', '/022']);
    expect(found.stdout).toBe('');
    const blob = (await execute('find', [path.join(own, 'dist/cache'), '-name', 'main.blob'])).stdout.trim();
    expect(blob).not.toBe('');
    const runsBlob = async () => {
      const trace = at('execs');
      await execute('strace', ['-f', '-e', 'trace=execve', '-o', trace, `${own}/bin/tinyrun`, '--version'], {
        env,
      });
      return readFileSync(trace, 'utf8').includes('--snapshot-blob');
    };
    expect(await runsBlob()).toBe(true);
    await execute('chown', ['65534', blob]);
    expect(await runsBlob()).toBe(false);
    // a cache that anyone could write to is thrown away before another snapshot is put there
    await execute('chmod', ['777', path.join(own, 'dist/cache')]);
    writeFileSync(path.join(own, 'dist/cache/planted'), '');
    await start();
    expect(existsSync(path.join(own, 'dist/cache/planted'))).toBe(false);
    expect(statSync(path.join(own, 'dist/cache')).mode & 0o777).toBe(0o755);
  });
});
