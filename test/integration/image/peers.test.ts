import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { saveArchive } from '../../../src/image/archive.ts';
import { exportTree } from '../../../src/image/export.ts';
import { sweep } from '../../../src/image/gc.ts';
import { importArchive } from '../../../src/image/import.ts';
import { ensureUnpacked, LayerStore } from '../../../src/image/layers.ts';
import { importLayout } from '../../../src/image/layout.ts';
import { fetchMember, pushList } from '../../../src/image/lists.ts';
import { load } from '../../../src/image/load.ts';
import { hostPlatform, parsePlatform } from '../../../src/image/platform.ts';
import { pull } from '../../../src/image/pull.ts';
import { push } from '../../../src/image/push.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { removeImage } from '../../../src/image/remove.ts';
import { ImageStore } from '../../../src/image/store.ts';
import { archive, describeTree, type Entry } from './archives.ts';
import { type RegistryServer, startRegistry } from './registry-server.ts';

const run = promisify(execFile);
const client = { env: {}, credentials: async () => undefined };

let directory: string;
let store: ImageStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-peers-'));
  store = new ImageStore(join(directory, 'data'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** An image of several layers with what layers can do to each other. */
const LAYERS: Entry[][] = [
  [
    { name: 'bin/', type: 'directory', mode: 0o755 },
    { name: 'bin/tool', body: 'tool', mode: 0o4755, pax: { 'SCHILY.xattr.user.note': 'kept' } },
    { name: 'bin/alias', type: 'link', linkname: 'bin/tool' },
    { name: 'lib', type: 'symlink', linkname: 'usr/lib' },
    { name: 'usr/lib/', type: 'directory', mode: 0o750, uid: 3, gid: 4 },
    { name: 'usr/lib/one', body: 'one', uid: 1000, gid: 1000, mode: 0o600 },
    { name: 'etc/', type: 'directory', mode: 0o755 },
    { name: 'etc/gone', body: 'gone' },
    { name: 'etc/dir/', type: 'directory', mode: 0o755 },
    { name: 'etc/dir/hidden', body: 'hidden' },
    { name: 'file-then-dir', body: 'file' },
    { name: 'dir-then-file/', type: 'directory', mode: 0o755 },
    { name: 'dir-then-file/x', body: 'x' },
  ],
  [
    { name: 'etc/.wh.gone', body: '' },
    { name: 'etc/dir/', type: 'directory', mode: 0o700 },
    { name: 'etc/dir/.wh..wh..opq', body: '' },
    { name: 'etc/dir/seen', body: 'seen' },
    { name: 'usr/lib/two', body: 'two' },
    { name: '.wh.file-then-dir', body: '' },
    { name: 'file-then-dir/', type: 'directory', mode: 0o711 },
    { name: '.wh.dir-then-file', body: '' },
    { name: 'dir-then-file', body: 'file' },
  ],
];

/** The layers as an OCI layout, made by umoci. */
async function makeLayout(layout: string): Promise<void> {
  await run('umoci', ['init', '--layout', layout]);
  await run('umoci', ['new', '--image', `${layout}:t`]);
  for (const [i, entries] of LAYERS.entries()) {
    const path = join(directory, `layer${i}.tar`);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, await archive(entries));
    await run('umoci', ['raw', 'add-layer', '--image', `${layout}:t`, path]);
  }
}

/** What overlayfs makes of an image's layers, as lines of describeTree. */
async function mergedTree(name: string): Promise<string[]> {
  const image = store.resolve(name);
  if (!image) throw new Error(`${name} is not stored`);
  const { lowers } = await ensureUnpacked(store, image);
  const path = join(directory, 'merged.tar');
  const { writeFileSync } = await import('node:fs');
  const chunks: Buffer[] = [];
  for await (const chunk of exportTree(lowers)) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks));
  const out = join(directory, 'merged');
  execFileSync('sh', ['-c', 'rm -rf "$0" && mkdir "$0" && tar -xpf "$1" -C "$0"', out, path]);
  return describeTree(out);
}

describe('umoci', () => {
  test('unpacks to the same tree, whiteouts and implied directories included', async () => {
    const layout = join(directory, 'layout');
    await makeLayout(layout);
    await run('umoci', ['unpack', '--image', `${layout}:t`, join(directory, 'bundle')]);
    await importLayout(store, layout, 'mixed');
    expect(await mergedTree('mixed')).toEqual(describeTree(join(directory, 'bundle/rootfs')));
  });

  test('reads our store', async () => {
    const layout = join(directory, 'layout');
    await makeLayout(layout);
    await importLayout(store, layout, 'mixed');
    const image = `${store.root}:docker.io/library/mixed:latest`;
    await run('umoci', ['unpack', '--image', image, join(directory, 'ours')]);
    expect(existsSync(join(directory, 'ours/rootfs/etc/dir/seen'))).toBe(true);
  });
});

describe('a registry between us and skopeo', () => {
  let registry: RegistryServer;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry.close());

  test('what we push skopeo copies and umoci unpacks to the same tree', async () => {
    const layout = join(directory, 'layout');
    await makeLayout(layout);
    await importLayout(store, layout, `${registry.host}/team/mixed:1`);
    const pushed = await push(store, parseReference(`${registry.host}/team/mixed:1`), {
      client,
      chunkSize: 100,
    });
    const copy = join(directory, 'copy');
    await run('skopeo', [
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${registry.host}/team/mixed:1`,
      `oci:${copy}:t`,
    ]);
    await run('umoci', ['unpack', '--image', `${copy}:t`, join(directory, 'bundle')]);
    expect(await mergedTree(`${registry.host}/team/mixed:1`)).toEqual(
      describeTree(join(directory, 'bundle/rootfs')),
    );
    const entry = store.find(`${registry.host}/team/mixed@${pushed.digest}`);
    expect(entry?.digest).toBe(pushed.digest);
    if (entry) await store.tag(entry, `${registry.host}/other/mixed:2`);
    const statuses: string[] = [];
    const onProgress = ({ status }: { status: string }) => statuses.push(status);
    await push(store, parseReference(`${registry.host}/other/mixed:2`), { client, onProgress });
    expect(statuses.filter((status) => status === 'Mounted from team/mixed')).toHaveLength(2);
  });

  test('an index of two platforms', async () => {
    for (const arch of ['amd64', 'arm64']) {
      const bytes = await archive([{ name: 'arch', body: arch }]);
      const name = `${registry.host}/multi:${arch}`;
      await importArchive(store, one(bytes), {
        name,
        changes: [],
        message: '',
        platform: parsePlatform(arch),
      });
      await push(store, parseReference(name), { client });
    }
    const members = await Promise.all(
      ['amd64', 'arm64'].map(async (arch) => {
        const reference = `${registry.host}/multi:${arch}`;
        return { reference, descriptor: (await fetchMember(reference, client)).descriptor };
      }),
    );
    const digest = await pushList({ name: `${registry.host}/multi:1`, members }, client);
    const raw = await run('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${registry.host}/multi:1`,
    ]);
    expect(JSON.parse(raw.stdout).manifests.map((one: { platform: object }) => one.platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ]);
    const fresh = new ImageStore(join(directory, 'fresh'));
    const reference = parseReference(`${registry.host}/multi:1`);
    const arm = await pull(fresh, reference, { client, platform: parsePlatform('linux/arm64/v8') });
    expect(arm.digest).toBe(digest);
    expect(fresh.resolve(arm.image.id)?.config.architecture).toBe('arm64');
    const ours = await pull(fresh, reference, { client });
    expect(fresh.resolve(ours.image.id)?.config.architecture).toBe(hostPlatform().architecture);
    const none = pull(fresh, reference, { client, platform: parsePlatform('s390x') });
    await expect(none).rejects.toMatchObject({
      code: 'NO_SUCH_PLATFORM',
      message: expect.stringContaining('linux/amd64, linux/arm64'),
    });
  });

  test('a Docker schema 2 image with zstd and gzip layers from skopeo', async () => {
    const layout = join(directory, 'layout');
    await makeLayout(layout);
    const to = (tag: string) => `docker://${registry.host}/formats:${tag}`;
    await run('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      '-f',
      'v2s2',
      `oci:${layout}:t`,
      to('v2s2'),
    ]);
    await run('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      '--dest-compress-format',
      'zstd',
      `oci:${layout}:t`,
      to('zstd'),
    ]);
    for (const tag of ['v2s2', 'zstd']) {
      await pull(store, parseReference(`${registry.host}/formats:${tag}`), { client });
      expect(await mergedTree(`${registry.host}/formats:${tag}`)).toContain('- 644 0:0 etc/dir/seen "seen"');
    }
  });
});

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

describe('archives', () => {
  const write = async (path: string, names: string[]) => {
    const { writeFileSync } = await import('node:fs');
    const images = names.flatMap((name) => {
      const entry = store.find(name);
      return entry ? [{ entry, names: entry.name === undefined ? [] : [entry.name] }] : [];
    });
    const chunks: Buffer[] = [];
    for await (const chunk of saveArchive(store, images)) chunks.push(chunk);
    writeFileSync(path, Buffer.concat(chunks));
  };
  const read = async (path: string) => {
    const { createReadStream } = await import('node:fs');
    return createReadStream(path);
  };

  test('what we save loads here with the same digests, and skopeo reads it both ways', async () => {
    await makeLayout(join(directory, 'layout'));
    const saved = await importLayout(store, join(directory, 'layout'), 'mixed:1');
    const path = join(directory, 'saved.tar');
    await write(path, ['mixed:1']);
    const other = new ImageStore(join(directory, 'other'));
    const loaded = await load(other, await read(path));
    expect(loaded.map(({ id, digest, name }) => ({ id, digest, name }))).toEqual([
      { id: saved.id, digest: saved.digest, name: saved.name },
    ]);
    for (const source of [`docker-archive:${path}:mixed:1`, `oci-archive:${path}:1`])
      await run('skopeo', ['inspect', source]);
  });

  test('skopeo’s docker and OCI archives load, packed too', async () => {
    await makeLayout(join(directory, 'layout'));
    const docker = join(directory, 'docker.tar');
    const oci = join(directory, 'oci.tar');
    await run('skopeo', [
      'copy',
      '-q',
      `oci:${join(directory, 'layout')}:t`,
      `docker-archive:${docker}:from/docker:1`,
    ]);
    await run('skopeo', [
      'copy',
      '-q',
      `oci:${join(directory, 'layout')}:t`,
      `oci-archive:${oci}:from/oci:1`,
    ]);
    await run('gzip', ['-k', docker]);
    await run('zstd', ['-q', oci]);
    for (const path of [docker, oci, `${docker}.gz`, `${oci}.zst`]) await load(store, await read(path));
    expect(
      store
        .list()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['docker.io/from/docker:1', 'docker.io/from/oci:1']);
  });

  test('no image archive, and archives with links to the host', async () => {
    const cases: [Entry[], RegExp][] = [
      [[{ name: 'x', body: 'x' }], /neither index.json nor manifest.json/],
      [[{ name: 'index.json', type: 'symlink', linkname: '/etc/passwd' }], /symlink/],
      [[{ name: 'manifest.json', body: '[{"Config":"/etc/passwd","Layers":[]}]' }], /it is not there/],
      [[{ name: 'manifest.json', body: '[{"Config":"../../etc/passwd","Layers":[]}]' }], /it is not there/],
    ];
    for (const [entries, message] of cases)
      await expect(load(store, one(await archive(entries)))).rejects.toThrow(message);
    expect(store.list()).toEqual([]);
  });
});

test('removing the last name removes blobs and layers, shared ones stay', async () => {
  const bytes = await archive([{ name: 'a', body: 'a' }]);
  const options = { changes: [], message: '', platform: hostPlatform() };
  await importArchive(store, one(bytes), { ...options, name: 'a' });
  await importArchive(store, one(bytes), { ...options, name: 'b', changes: ['CMD ["x"]'] });
  const removed = async (name: string) => {
    const { deleted } = await removeImage(store, name, { users: [] });
    sweep(store, { trees: [] });
    return deleted;
  };
  expect(await removed('a')).toHaveLength(1);
  const layers = new LayerStore(store.dataRoot);
  expect(layers.list()).toHaveLength(1);
  const users = [{ id: 'c'.repeat(64), imageId: store.find('b')?.id ?? '', running: true }];
  await expect(removeImage(store, 'b', { users })).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  expect(await removed('b')).toHaveLength(1);
  expect(layers.list()).toEqual([]);
  expect(statSync(join(store.root, 'blobs/sha256')).nlink).toBe(2);
});
