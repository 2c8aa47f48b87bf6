import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LayerStore } from '../../src/image/layers.ts';
import { pull } from '../../src/image/pull.ts';
import { parseReference } from '../../src/image/reference.ts';
import { ImageStore } from '../../src/image/store.ts';
import { MEDIA } from '../../src/image/types.ts';
import {
  closeServer,
  digestOf,
  type FaultyRegistry,
  listen,
  manifestOf,
  sendManifest,
  startFaultyRegistry,
} from '../integration/image/faulty-registry.ts';

// Table B, registry rows: a registry that lies, breaks off, stalls, redirects. Nothing wrong is stored, no credential
// leaves its origin, each error names what was wrong.

const SELF_SIGNED = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
const LOGIN = { username: 'ada', secret: 'correct horse' };
const BASIC = `Basic ${Buffer.from('ada:correct horse').toString('base64')}`;

let registry: FaultyRegistry;
let dataRoot: string;
let store: ImageStore;
let others: Server[];
beforeEach(async () => {
  registry = await startFaultyRegistry(BASIC);
  dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-faulty-'));
  store = new ImageStore(dataRoot);
  others = [];
});
afterEach(async () => {
  await registry.close();
  for (const server of others) await closeServer(server);
  rmSync(dataRoot, { recursive: true });
});

const client = (idleMs = 60_000) => ({
  env: {},
  idleMs,
  retry: { attempts: 3, baseMs: 1, maxMs: 20 },
  credentials: async (host: string) => (host === registry.host ? LOGIN : undefined),
});
const pullIt = (name = 'x:1', idleMs?: number) =>
  pull(store, parseReference(`${registry.host}/${name}`), { client: client(idleMs) });

/** Neither image, nor layer, nor the blob that was wrong. */
function expectNothing(...digests: string[]): void {
  expect(store.list()).toEqual([]);
  expect(new LayerStore(dataRoot).list()).toEqual([]);
  for (const digest of digests) expect(store.hasBlob(digest)).toBe(false);
  const left = (path: string) =>
    existsSync(path) ? readdirSync(path).filter((name) => !name.endsWith('.lock')) : [];
  expect(left(join(dataRoot, 'layers/tmp'))).toEqual([]);
  expect(left(join(store.root, 'ingest'))).toEqual([]);
}

const corrupt = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
};

test('without a fault it is pulled', async () => {
  expect((await pullIt()).image.name).toBe(`${registry.host}/x:1`);
});

describe('what is sent is not what was named', () => {
  test('a layer with another digest', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (_, response) => Boolean(response.end(corrupt(layer))));
    await expect(pullIt()).rejects.toMatchObject({
      code: expect.stringMatching(/DIGEST_MISMATCH|BAD_LAYER/),
    });
    expectNothing(layerDigest);
  });

  test('a layer packed otherwise, with the right contents', async () => {
    const { layer, layerDigest } = registry.image;
    const repacked = Buffer.from(layer);
    // The byte of the gzip header that names the operating system.
    repacked[9] = 0xff;
    registry.faults.set(layerDigest, (_, response) => Boolean(response.end(repacked)));
    await expect(pullIt()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(layerDigest),
    });
    expectNothing(layerDigest);
  });

  test('a config with another digest', async () => {
    const { config, configDigest } = registry.image;
    registry.faults.set(configDigest, (_, response) => Boolean(response.end(corrupt(config))));
    await expect(pullIt()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(configDigest),
    });
    expectNothing(configDigest);
  });

  test('a layer of another length', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (_, response) => Boolean(response.end(Buffer.concat([layer, layer]))));
    await expect(pullIt()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expectNothing(layerDigest);
  });

  test('a layer that unpacks to another diff id', async () => {
    const { layer } = registry.image;
    const rootfs = { type: 'layers', diff_ids: [digestOf('something else')] };
    const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }));
    registry.image.blobs.set(digestOf(config), config);
    registry.faults.set('/manifests/1', (_, response) => {
      sendManifest(response, manifestOf(config, layer));
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('diff id'),
    });
    expectNothing(registry.image.layerDigest);
  });

  test('a manifest by digest that has another', async () => {
    await expect(pullIt(`x@${digestOf('no')}`)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expectNothing();
  });

  test('a tag whose Docker-Content-Digest is not its digest', async () => {
    registry.faults.set('/manifests/1', (_, response) => {
      response.setHeader('docker-content-digest', digestOf('no'));
      return false;
    });
    await expect(pullIt()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expectNothing();
  });
});

describe('ambiguous documents (CVE-2021-41190)', () => {
  const send = (bytes: Buffer, type?: string) =>
    registry.faults.set('/manifests/1', (_, response) => {
      sendManifest(response, bytes, type);
      return true;
    });

  test('both manifests and layers', async () => {
    send(manifestOf(registry.image.config, registry.image.layer, { manifests: [] }));
    await expect(pullIt()).rejects.toMatchObject({
      code: 'BAD_IMAGE',
      message: expect.stringContaining('ambiguous'),
    });
  });

  test('a Content-Type that is not the document’s own', async () => {
    send(registry.image.manifest, MEDIA.index);
    await expect(pullIt()).rejects.toMatchObject({
      code: 'BAD_IMAGE',
      message: expect.stringContaining('sent as'),
    });
  });

  test('an index by type, a manifest by content', async () => {
    send(manifestOf(registry.image.config, registry.image.layer, { mediaType: MEDIA.index }), MEDIA.index);
    await expect(pullIt()).rejects.toMatchObject({ code: 'BAD_IMAGE' });
  });

  test.each([
    ['deep JSON', `{"schemaVersion":2,"a":${'['.repeat(100_000)}`, 'nested'],
    ['huge JSON', ' '.repeat(5 << 20), '4194304'],
    ['no JSON', '<html>', 'not JSON'],
    ['schema 1', '{"schemaVersion":1,"fsLayers":[]}', 'schema 1'],
    [
      'a bad digest',
      '{"schemaVersion":2,"config":{"digest":"sha256:../../x","size":1,"mediaType":"a"},"layers":[]}',
      'bad digest',
    ],
    [
      'a bad size',
      `{"schemaVersion":2,"config":{"digest":"${digestOf('')}","size":-1,"mediaType":"a"},"layers":[]}`,
      'bad size',
    ],
  ])('%s', async (_, text, message) => {
    send(Buffer.from(text), 'application/json');
    await expect(pullIt()).rejects.toMatchObject({
      code: 'BAD_IMAGE',
      message: expect.stringContaining(message),
    });
    expectNothing();
  });
});

describe('interruptions', () => {
  test('a body that breaks off goes on by Range', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (request, response, seen) => {
      if (seen > 3 || !request.headers.authorization) return false;
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const headers = {
        'content-length': layer.length - from,
        'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}`,
      };
      response
        .writeHead(from > 0 ? 206 : 200, headers)
        .write(layer.subarray(from, from + 100_000), () => response.destroy());
      return true;
    });
    await pullIt();
    const ranges = registry.requests
      .filter(({ path, range }) => path.endsWith(layerDigest) && range)
      .map(({ range }) => range);
    expect(ranges.at(-1)).toBe('bytes=300000-');
    const sum = ranges.length;
    expect(sum).toBe(3);
  });

  test('a peer that does not know ranges starts again, and the image is whole', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (request, response, seen) => {
      if (!request.headers.authorization) return false;
      response.writeHead(200, { 'content-length': layer.length });
      if (seen === 1) response.write(layer.subarray(0, 500_000), () => response.destroy());
      else response.end(layer);
      return true;
    });
    await pullIt();
    expect(store.hasBlob(layerDigest)).toBe(true);
  });

  test('one that always breaks off', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (_, response) => {
      response
        .writeHead(200, { 'content-length': layer.length })
        .write(layer.subarray(0, 1000), () => response.destroy());
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/stopped after 1000 of \d+ bytes/),
    });
    expect(store.list()).toEqual([]);
  });

  test('a second pull continues where the first stopped, and starts anew where what was left is damaged', async () => {
    const { layer, layerDigest } = registry.image;
    registry.faults.set(layerDigest, (_, response) => {
      response
        .writeHead(200, { 'content-length': layer.length })
        .write(corrupt(layer).subarray(0, 700_000), () => response.destroy());
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({
      code: expect.stringMatching(/REGISTRY|BAD_LAYER|DIGEST_MISMATCH/),
    });
    registry.faults.clear();
    registry.requests.length = 0;
    await pullIt();
    expect(store.hasBlob(layerDigest)).toBe(true);
  });

  test('a stall', async () => {
    registry.faults.set(registry.image.layerDigest, () => true);
    await expect(pullIt('x:1', 100)).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringContaining('sent nothing'),
    });
    expectNothing(registry.image.layerDigest);
  });

  test.each([429, 500, 503])('%i is tried again, with patience', async (status) => {
    registry.faults.set('/manifests/1', (_, response, seen) => {
      if (seen > 2) return false;
      response.writeHead(status, { 'retry-after': '0' }).end();
      return true;
    });
    await pullIt();
    expect(registry.requests.filter(({ path }) => path.endsWith('/manifests/1')).length).toBeGreaterThan(2);
  });

  test('a 500 that stays is named', async () => {
    registry.faults.set('/manifests/1', (_, response) => {
      response.writeHead(500).end('{"errors":[{"code":"UNKNOWN","message":"disk\\u001b[31m on fire"}]}');
      return true;
    });
    const error = await pullIt().catch((caught) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY', message: expect.stringContaining('500: UNKNOWN: disk') });
    expect(error.message).not.toContain('\u001b');
  });
});

describe('credentials stay with their origin (CVE-2020-15157)', () => {
  async function other(
    answer: (authorization: string | undefined) => {
      status: number;
      body?: Buffer;
      headers?: Record<string, string>;
    },
  ) {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const { status, body, headers } = answer(request.headers.authorization);
      response.writeHead(status, { ...headers, ...(body && { 'content-length': body.length }) }).end(body);
    });
    others.push(server);
    return { seen, origin: `http://127.0.0.1:${await listen(server)}` };
  }

  test('a redirect to another origin goes without them', async () => {
    const { layer, layerDigest } = registry.image;
    const { seen, origin } = await other(() => ({ status: 200, body: layer }));
    registry.faults.set(layerDigest, (request, response) => {
      if (!request.headers.authorization) return false;
      response.writeHead(307, { location: `${origin}/blob` }).end();
      return true;
    });
    await pullIt();
    expect(seen).toEqual([undefined]);
  });

  test('another origin’s challenge is not answered', async () => {
    const challenge = { 'www-authenticate': 'Basic realm="give"' };
    const { seen, origin } = await other(() => ({ status: 401, headers: challenge }));
    registry.faults.set(registry.image.layerDigest, (_, response) => {
      response.writeHead(307, { location: `${origin}/blob` }).end();
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(seen.every((authorization) => authorization === undefined)).toBe(true);
    expectNothing(registry.image.layerDigest);
  });

  test('a layer’s foreign URLs are not asked', async () => {
    const { seen, origin } = await other(() => ({ status: 200, body: registry.image.layer }));
    const manifest = JSON.parse(registry.image.manifest.toString());
    manifest.layers[0].urls = [`${origin}/foreign`];
    registry.image.blobs.delete(registry.image.layerDigest);
    registry.faults.set('/manifests/1', (_, response) => {
      sendManifest(response, Buffer.from(JSON.stringify(manifest)));
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    expect(seen).toEqual([]);
  });

  test('https leads to no http, and to no token server by http', async () => {
    const { layer, layerDigest, manifest, config } = registry.image;
    const { seen, origin } = await other(() => ({ status: 200, body: layer }));
    execFileSync(
      'openssl',
      [...SELF_SIGNED, '-keyout', join(dataRoot, 'key'), '-out', join(dataRoot, 'cert')],
      { stdio: 'ignore' },
    );
    const pem = { key: readFileSync(join(dataRoot, 'key')), cert: readFileSync(join(dataRoot, 'cert')) };
    let challenge = '';
    const secure = createSecureServer(pem, (request, response) => {
      if (challenge) response.writeHead(401, { 'www-authenticate': challenge }).end();
      else if (request.url?.includes('/manifests/')) sendManifest(response, manifest);
      else if (request.url?.endsWith(layerDigest))
        response.writeHead(307, { location: `${origin}/blob` }).end();
      else response.end(config);
    });
    others.push(secure);
    const reference = parseReference(`127.0.0.1:${await listen(secure)}/x:1`);
    const login = { ...client(), credentials: async () => LOGIN };
    const message = (text: string) => ({ code: 'REGISTRY', message: expect.stringContaining(text) });
    await expect(pull(store, reference, { client: login })).rejects.toMatchObject(
      message('from https to http'),
    );
    challenge = `Bearer realm="${origin}/token",service="x"`;
    await expect(pull(store, reference, { client: login })).rejects.toMatchObject(
      message('which is not https'),
    );
    expect(seen).toEqual([]);
  });

  test('redirects in a circle end', async () => {
    registry.faults.set(registry.image.layerDigest, (request, response) => {
      response.writeHead(307, { location: request.url ?? '' }).end();
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringContaining('redirects more than'),
    });
  });

  test('only http and https are followed', async () => {
    registry.faults.set(registry.image.layerDigest, (_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return true;
    });
    await expect(pullIt()).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringContaining('not followed'),
    });
  });
});

test('an abort leaves no image, and the next pull continues', async () => {
  const { layer, layerDigest } = registry.image;
  const abort = new AbortController();
  registry.faults.set(layerDigest, (request, response) => {
    if (!request.headers.authorization) return false;
    response.writeHead(200, { 'content-length': layer.length }).write(layer.subarray(0, 400_000));
    return true;
  });
  const onProgress = ({ current = 0 }) => {
    if (current >= 400_000) abort.abort();
  };
  const reference = parseReference(`${registry.host}/x:1`);
  await expect(
    pull(store, reference, { client: client(), signal: abort.signal, onProgress }),
  ).rejects.toThrow();
  expect(store.list()).toEqual([]);
  expect(new LayerStore(dataRoot).list()).toEqual([]);
  registry.faults.clear();
  registry.requests.length = 0;
  await pullIt();
  expect(registry.requests.find(({ range }) => range)?.range).toBe('bytes=400000-');
});
