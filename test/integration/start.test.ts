// The launchers and the start-up snapshot, in a package of its own. Whether a start used the snapshot is seen by taking
// the bundle away, which the snapshot does not need.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');
let root: string;
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tinyrun-start-'));
  root = join(home, 'package');
  for (const part of ['bin', 'dist', 'build/Release/tinyrun.node', 'rootfs-fixtures/out/busybox'])
    cpSync(join(project, part), join(root, part), { recursive: true });
  rmSync(join(root, 'dist/cache'), { recursive: true, force: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function tinyrun(args: readonly string[], env: NodeJS.ProcessEnv = {}, file = join(root, 'bin/tinyrun')) {
  const roots = { TINYRUN_ROOT: join(home, 'data'), TINYRUN_RUN_ROOT: join(home, 'run') };
  const { NODE_OPTIONS: _, ...own } = process.env;
  const result = spawnSync(file, args, { env: { ...own, ...roots, ...env }, encoding: 'utf8' });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function blob(entry = 'main'): string | undefined {
  const cache = join(root, 'dist/cache');
  const found = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }) : [];
  return found.map((name) => join(cache, name)).find((name) => name.endsWith(`/${entry}.blob`));
}

/** Done while files are not there. */
function without<T>(files: readonly string[], work: () => T): T {
  for (const file of files) renameSync(file, `${file}.away`);
  try {
    return work();
  } finally {
    for (const file of files) renameSync(`${file}.away`, file);
  }
}

/** Runs without the bundle; answers whether tinyrun started all the same. */
const startsWithoutBundle = (env: NodeJS.ProcessEnv = {}, file?: string): boolean =>
  without([join(root, 'dist/main.cjs')], () => tinyrun(['--version'], env, file).code === 0);

describe('the start-up snapshot', () => {
  it('is made by the tenth start that misses it', () => {
    const before = Array.from({ length: 10 }, () => [blob(), tinyrun(['--version'])] as const);
    for (const [made, { code, out }] of before) {
      expect(made).toBeUndefined();
      expect({ code, out }).toEqual({ code: 0, out: before[0]?.[1].out });
    }
    expect(blob()).toBeDefined();
    expect(startsWithoutBundle()).toBe(true);
  });

  it('of the verbs that make containers is one of its own, made as the other is', () => {
    const made = Array.from({ length: 10 }, () => [blob('run'), tinyrun(['run', '--help']).code] as const);
    expect(made).toEqual(Array(10).fill([undefined, 0]));
    expect(blob('run')).toBeDefined();
  });

  it('of those has no streams, which node:v8 would bring', () => {
    const text = readFileSync(blob('run') ?? '', 'latin1');
    // a script that is loaded is named once more than one that is not
    const times = (name: string) => text.split(`node:internal/${name}`).length;
    expect(times('streams/readable')).toBe(times('streams/duplexify'));
    expect(times('fs/utils')).toBe(times('streams/duplexify') + 1);
  });

  it.each([
    [true, 'run --help'],
    [true, 'create --help'],
    [true, 'container run --help'],
    [true, '-D --data-root relative --run-root=/tmp run --help'],
    [false, 'exec --help'],
    [false, 'exec run create'],
    [false, '--data-root run ps'],
  ])('the launcher looks for the verb that is meant: %s for %s', (isMaking, line) => {
    const bundles = ['main', 'run'].map((name) => join(root, `dist/${name}.cjs`));
    const starts = (other: string) =>
      without(
        [...bundles, blob(other) ?? ''],
        () => !/cannot find|no such file/i.test(tinyrun(line.split(' ')).err),
      );
    expect([starts('main'), starts('run')]).toEqual([isMaking, !isMaking]);
  });

  it('says what the bundle says', () => {
    for (const args of [['--help'], ['run', '--help'], ['rnu'], ['run', '--frob'], []]) {
      const [fast, slow] = [tinyrun(args), tinyrun(args, { NODE_OPTIONS: '--no-warnings' })];
      expect(fast).toEqual(slow);
    }
  });

  it('is not used with NODE_OPTIONS, which may change what V8 takes', () => {
    expect(startsWithoutBundle({ NODE_OPTIONS: '--no-warnings' })).toBe(false);
  });

  it('is not used once node is another', () => {
    const [made, bin] = [blob() ?? '', join(home, 'bin')];
    cpSync(process.execPath, join(bin, 'node'));
    const env = { PATH: `${bin}:${process.env.PATH}` };
    expect(startsWithoutBundle(env)).toBe(false);
    for (const [path, text] of [
      [made, readFileSync(made)],
      [join(made, '../node'), undefined],
    ] as const) {
      spawnSync('cp', ['-P', '--preserve=all', path, `${path}.kept`]);
      rmSync(path);
      if (text) writeFileSync(path, text);
      else symlinkSync('/bin/sh', path);
      expect(startsWithoutBundle()).toBe(false);
      renameSync(`${path}.kept`, path);
      expect(startsWithoutBundle()).toBe(true);
    }
  });

  it.each([
    ['npm install', 'app/node_modules/.bin', '../tinyrun'],
    ['npm install --global', 'prefix/bin', '../lib/node_modules/tinyrun'],
  ])('is found from the link of %s', (_, directory, target) => {
    const bin = join(home, directory);
    mkdirSync(join(bin, target, '..'), { recursive: true });
    mkdirSync(bin, { recursive: true });
    symlinkSync(root, join(bin, target));
    symlinkSync(join(target, 'bin/tinyrun'), join(bin, 'tinyrun'));
    expect(startsWithoutBundle({}, join(bin, 'tinyrun'))).toBe(true);
  });

  it('keeps its settings of the allocator to itself, and leaves alone those of others', () => {
    const seen = (env: NodeJS.ProcessEnv) =>
      tinyrun(['run', '--rm', '--pull', 'never', '-e', 'GLIBC_TUNABLES', 'busybox', 'env'], env).out;
    tinyrun(['run', '--rm', 'busybox', 'true']);
    expect(seen({})).not.toContain('GLIBC_TUNABLES');
    expect(seen({ GLIBC_TUNABLES: 'glibc.malloc.check=0' })).toContain('GLIBC_TUNABLES=glibc.malloc.check=0');
  });

  it('goes with a package that is moved', () => {
    const moved = join(home, 'moved');
    renameSync(root, moved);
    root = moved;
    expect(startsWithoutBundle()).toBe(true);
    const run = tinyrun(['run', '--rm', '--network', 'none', 'busybox', 'echo', 'hello']);
    expect({ code: run.code, out: run.out }).toEqual({ code: 0, out: 'hello\n' });
  });
});

describe('what others may write is not run', () => {
  /** Done while others may write a file or directory of the package. */
  function whileOpen<T>(name: string, work: () => T): T {
    const file = join(root, name);
    const { mode } = statSync(file);
    chmodSync(file, mode | 0o002);
    try {
      return work();
    } finally {
      chmodSync(file, mode);
    }
  }
  const refused = { code: 1, err: expect.stringContaining('others may write it') };

  it.each([
    ['far.cjs', ['system', 'df']],
    ['run-far.cjs', ['create', '--rm', '--volume', 'seen:/seen', 'busybox', 'true']],
  ])('the half of the command line that is far: %s', (file, line) => {
    const work = () => tinyrun(line);
    expect(whileOpen(`dist/${file}`, work)).toMatchObject({
      ...refused,
      code: expect.toBeOneOf([1, 125]),
    });
    expect(work().code).toBe(0);
  });

  it('the thread that unpacks, and nothing of the layer is left', () => {
    const data = join(home, 'unpacked');
    const run = () =>
      tinyrun(['run', '--rm', '--network', 'none', 'busybox', 'true'], { TINYRUN_ROOT: data });
    expect(whileOpen('dist/unpack-worker.cjs', run)).toMatchObject({ ...refused, code: 125 });
    expect(readdirSync(join(data, 'layers/tmp'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.lock$/)]);
    expect(run().code).toBe(0);
  });
});
