import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultyRegistry, startFaultyRegistry } from './faulty-registry.ts';

const TINYRUN = join(import.meta.dirname, '../../../bin/tinyrun');
const BUILT = existsSync(join(import.meta.dirname, '../../../dist/main.cjs'));

// The command line as it is built; skipped where nothing is: npm run build.
describe.skipIf(!BUILT)('the command line', () => {
  let registry: FaultyRegistry;
  let dataRoot: string;
  beforeEach(async () => {
    registry = await startFaultyRegistry();
    dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-cli-'));
  });
  afterEach(async () => {
    await registry.close();
    rmSync(dataRoot, { recursive: true });
  });

  const start = (...args: string[]): ChildProcess =>
    spawn(TINYRUN, ['--data-root', dataRoot, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = start(...args);
    const texts = { out: '', err: '' };
    child.stdout?.on('data', (bytes) => {
      texts.out += bytes;
    });
    child.stderr?.on('data', (bytes) => {
      texts.err += bytes;
    });
    const [code] = await once(child, 'close');
    return { code: code as number, ...texts };
  }

  /** A pull that hangs in the middle of its layer, with so many bytes sent. */
  async function hangingPull(bytes: number): Promise<ChildProcess> {
    const { layer, layerDigest } = registry.image;
    const sent = new Promise<void>((resolve) => {
      registry.faults.set(layerDigest, (_, response) => {
        response
          .writeHead(200, { 'content-length': layer.length })
          .write(layer.subarray(0, bytes), () => resolve());
        return true;
      });
    });
    const child = start('pull', `${registry.host}/x:1`);
    await sent;
    const partial = join(dataRoot, 'images/ingest', layerDigest.replace(':', '-'));
    while ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) < bytes)
      await new Promise((resolve) => setImmediate(resolve));
    registry.faults.clear();
    registry.requests.length = 0;
    return child;
  }

  test('docker’s words for a pull, and tables', async () => {
    const name = `${registry.host}/x:1`;
    const first = await run('pull', name);
    expect(first.out).toMatch(
      /^1: Pulling from x\n(?<id>[0-9a-f]{12}): Pulling fs layer\n\k<id>: Verifying Checksum\n\k<id>: Download complete\n\k<id>: Pull complete\nDigest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for .*\n.*\/x:1\n$/,
    );
    expect((await run('pull', name)).out).toMatch(
      /^1: Pulling from x\nDigest: .*\nStatus: Image is up to date for .*\n.*\/x:1\n$/,
    );
    expect((await run('pull', '-q', name)).out).toBe(`${name}\n`);
    expect((await run('images', '--format', '{{.Repository}}:{{.Tag}}')).out).toBe(`${name}\n`);
    expect((await run('images')).out).toMatch(
      /^REPOSITORY\s+TAG\s+IMAGE ID\s+CREATED\s+SIZE\n\S+\s+1\s+[0-9a-f]{12}\s+N\/A\s+1.05MB\n$/,
    );
    expect((await run('rmi', name)).out).toMatch(/^Untagged: .*\nUntagged: .*@sha256:.*\nDeleted: sha256:/);
    expect((await run('images', '-q')).out).toBe('');
  });

  test('names: each has a line, patterns choose among them, a digest goes with the last of its repository', async () => {
    const name = `${registry.host}/x`;
    for (const tag of ['1', '2']) await run('pull', '-q', `${name}:${tag}`);
    await run('tag', `${name}:1`, 'debian:12');
    const shown = async (...args: string[]) =>
      (await run('images', '--format', '{{.Repository}}:{{.Tag}}', ...args)).out.split('\n').slice(0, -1);
    expect(await shown()).toEqual([`${name}:1`, `${name}:2`, 'debian:12']);
    expect(await shown('deb*')).toEqual(['debian:12']);
    expect(await shown('-f', 'reference=*/x:[2-9]')).toEqual([`${name}:2`]);
    expect(await shown('x')).toEqual([]);
    expect((await run('rmi', `${name}:2`)).out).toBe(`Untagged: ${name}:2\n`);
    expect((await run('rmi', `${name}:1`)).out).toMatch(
      /^Untagged: .*:1\nUntagged: .*@sha256:[0-9a-f]{64}\n$/,
    );
    expect((await run('rmi', 'debian:12')).out).toMatch(/^Untagged: debian:12\nDeleted: /);
  });

  test('templates and manifests have what docker’s have', async () => {
    const name = `${registry.host}/x:1`;
    await run('pull', '-q', '--platform', '', name);
    const platform = '{{.Os}}/{{.Architecture}}{{with .Variant}}/{{.}}{{end}}';
    expect((await run('image', 'inspect', '-f', platform, name)).out).toBe('linux/amd64\n');
    const verbose = JSON.parse((await run('manifest', 'inspect', '-v', name)).out);
    expect(verbose.Descriptor.platform).toEqual({ os: 'linux', architecture: 'amd64' });
  });

  test('nothing is said of a pull before the registry has the image', async () => {
    registry.faults.set('manifests/2', (_, response) => {
      response.writeHead(404).end();
      return true;
    });
    const { code, out, err } = await run('pull', `${registry.host}/x:2`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^tinyrun: manifest .* answered 404\n/);
  });

  test.each([
    [['pull', 'Uppercase'], 1, /must be lowercase/],
    [['pull', '--platform', 'x/y/z/w', 'a'], 1, /bad platform/],
    [['images', '--filter', 'nope=1'], 1, /invalid filter 'nope'/],
    [['images', '--format', '{{.Nope'], 1, /unclosed action/],
    [['rmi', 'nosuch'], 1, /no such image: nosuch/],
    [['image', 'inspect', 'nosuch'], 1, /no such image: nosuch/],
    [['tag', 'nosuch', 'x'], 1, /no such image: nosuch/],
    [['history', 'nosuch'], 1, /no such image: nosuch/],
    [['load', '-i', '/nosuch.tar'], 1, /nosuch.tar/],
  ])('%j is refused', async (args, code, message) => {
    const result = await run(...args);
    expect(result.err).toMatch(message);
    expect(result.err).toMatch(/^tinyrun: .*\nhint: .*\n$/);
    expect(result.code).toBe(code);
  });

  test('Ctrl-C leaves no image, and the next pull goes on from there', async () => {
    const child = await hangingPull(400_000);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect((await run('images', '-q')).out).toBe('');
    expect(readdirSync(join(dataRoot, 'layers/tmp')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    expect((await run('pull', '-q', `${registry.host}/x:1`)).code).toBe(0);
    expect(registry.requests.find(({ range }) => range)?.range).toBe('bytes=400000-');
  });

  test('SIGKILL in the middle of a layer: the next pull sweeps and is whole', async () => {
    const child = await hangingPull(500_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await run('images', '-q')).out).toBe('');
    expect((await run('pull', '-q', `${registry.host}/x:1`)).code).toBe(0);
    expect(readdirSync(join(dataRoot, 'layers/tmp')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    expect(readdirSync(join(dataRoot, 'images/ingest'))).toEqual([]);
    const tree = join(dataRoot, 'layers/l', readdirSync(join(dataRoot, 'layers/l'))[0] ?? '', 'noise');
    expect(statSync(tree).size).toBe(1 << 20);
  });

  test('what nobody goes on with is pruned, what is being received is not', async () => {
    const child = await hangingPull(500_000);
    const ingest = join(dataRoot, 'images/ingest');
    expect((await run('image', 'prune', '-f')).out).toBe('Total reclaimed space: 0B\n');
    expect(readdirSync(ingest)).not.toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'close');
    mkdirSync(join(ingest, 'import-dead'));
    writeFileSync(join(ingest, 'import-dead/layer'), Buffer.alloc(100_000));
    expect((await run('rmi', 'nosuch')).code).toBe(1);
    expect((await run('image', 'prune', '-f')).out).toMatch(/^Total reclaimed space: 600\.\dkB\n$/);
    expect(readdirSync(ingest)).toEqual([]);
    expect((await run('pull', '-q', `${registry.host}/x:1`)).code).toBe(0);
  });

  test('ten pulls of one image at a time', async () => {
    const codes = await Promise.all(
      Array.from({ length: 10 }, () => run('pull', '-q', `${registry.host}/x:1`)),
    );
    expect(codes.map(({ code }) => code)).toEqual(Array(10).fill(0));
    const gets = registry.requests.filter(
      ({ path, method }) => method === 'GET' && path.endsWith(registry.image.layerDigest),
    );
    expect(gets).toHaveLength(1);
    expect(
      execFileSync(TINYRUN, ['--data-root', dataRoot, 'images', '-q'], { encoding: 'utf8' }).split('\n'),
    ).toHaveLength(2);
  });
});
