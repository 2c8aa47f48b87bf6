// Registries that do what the specification lets them, or what it does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Ingest } from '../../../src/image/blobs.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { CredentialStore } from '../../../src/image/registry/credentials.ts';
import { download } from '../../../src/image/registry/download.ts';
import { Repository } from '../../../src/image/registry/repository.ts';
import { readBody } from '../../../src/image/registry/transport.ts';
import { putManifest, uploadBlob } from '../../../src/image/registry/upload.ts';
import { ImageStore } from '../../../src/image/store.ts';

let directory: string;
let server: Server | undefined;
let repository: Repository | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-peer-'));
});
afterEach(async () => {
  vi.useRealTimers();
  repository?.close();
  server?.closeAllConnections();
  server?.close();
  rmSync(directory, { recursive: true });
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A repository `x` of a registry that answers by `handler`. */
async function serve(handler: Handler): Promise<Repository> {
  const made = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    handler(request, response, Buffer.concat(pieces));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const { port } = made.address() as AddressInfo;
  repository = new Repository(
    { domain: `127.0.0.1:${port}`, path: 'x' },
    { retry: { attempts: 2, baseMs: 1, maxMs: 5 }, credentials: async () => undefined },
  );
  return repository;
}

describe('a list of tags', () => {
  test('of which each page names another', async () => {
    let page = 0;
    const endless = await serve((_request, response) => {
      const tags = Array.from({ length: 20_000 }, (_, i) => `t${page}-${i}`);
      response.setHeader('link', `</v2/x/tags/list?n=${++page}>; rel="next"`);
      response.end(JSON.stringify({ name: 'x', tags }));
    });
    await expect(endless.tags()).rejects.toThrow('sends a list without end');
    expect(page).toBeLessThan(20);
  });

  test('that comes back to a page it had', async () => {
    let asked = 0;
    const turning = await serve((_request, response) => {
      asked++;
      response.setHeader('link', `</v2/x/tags/list?n=${asked % 2}>; rel="next"`);
      response.end('{"tags":["a"]}');
    });
    await expect(turning.tags()).rejects.toThrow('sends a list without end');
    expect(asked).toBeLessThan(5);
  });

  test('that holds what is no tag', async () => {
    const odd = await serve((_request, response) => response.end('{"tags":["a\\u001b[31m"]}'));
    await expect(odd.tags()).rejects.toThrow('no list of tags');
  });

  test('in two pages', async () => {
    const honest = await serve((request, response) => {
      const last = request.url?.includes('last=');
      if (!last) response.setHeader('link', '</v2/x/tags/list?last=b>; rel="next"');
      response.end(last ? '{"tags":["c"]}' : '{"tags":["a","b"]}');
    });
    expect(await honest.tags()).toEqual(['a', 'b', 'c']);
  });
});

const INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

test('documents are asked for as they are, and any 2xx is an answer', async () => {
  const encodings: unknown[] = [];
  const odd = await serve((request, response) => {
    encodings.push(request.headers['accept-encoding']);
    response.writeHead(203).end(request.method === 'HEAD' ? undefined : INDEX);
  });
  expect((await odd.fetchDocument('latest')).document.kind).toBe('index');
  await odd.headDigest('latest');
  expect(encodings).toEqual(['identity', 'identity']);
});

test('a manifest is put where the answer is another 2xx', async () => {
  const odd = await serve((_request, response) => response.writeHead(200).end());
  await putManifest(odd, 'latest', Buffer.from(INDEX), 'application/vnd.oci.image.index.v1+json');
});

describe('an upload', () => {
  const content = Buffer.from('0123456789abcdefghij');
  const blob = { mediaType: 'x', digest: digestOf(content), size: content.length };
  const send = async (to: Repository) => {
    writeFileSync(join(directory, 'blob'), content);
    return uploadBlob(to, join(directory, 'blob'), blob, { chunkSize: 8 });
  };

  /** A registry that keeps one upload; `fault` may answer in its place. */
  function keeping(fault: (request: IncomingMessage, response: ServerResponse) => boolean) {
    const state = { held: Buffer.alloc(0), begun: 0, whole: undefined as Buffer | undefined };
    const handler: Handler = (request, response, body) => {
      if (fault(request, response)) return;
      const location = `/v2/x/blobs/uploads/u${state.begun}`;
      if (request.method === 'HEAD') response.writeHead(404).end();
      else if (request.method === 'POST') {
        state.begun++;
        state.held = Buffer.alloc(0);
        response.writeHead(202, { location: `/v2/x/blobs/uploads/u${state.begun}` }).end();
      } else if (request.method === 'GET') {
        const range = state.held.length > 0 ? { range: `0-${state.held.length - 1}` } : {};
        response.writeHead(204, { location, ...range }).end();
      } else if (request.method === 'PATCH') {
        const from = Number(request.headers['content-range']?.split('-')[0]);
        if (from !== state.held.length) return response.writeHead(416, { location }).end();
        state.held = Buffer.concat([state.held, body]);
        // 202 by the specification; some proxies make 204 of it
        response.writeHead(204, { location }).end();
      } else {
        state.whole = state.held;
        response.writeHead(204).end();
      }
    };
    return { state, handler };
  }

  test('goes on where the registry stands when that refuses a range', async () => {
    let failed = false;
    const { state, handler } = keeping((request) => {
      // it forgets half of the first chunk
      if (request.method !== 'PATCH' || failed || state.held.length !== 8) return false;
      failed = true;
      state.held = state.held.subarray(0, 4);
      return false;
    });
    expect(await send(await serve(handler))).toBe('pushed');
    expect(failed).toBe(true);
    expect(state.whole).toEqual(content);
  });

  test('begins anew when the registry has lost it', async () => {
    let lost = false;
    const { state, handler } = keeping((request, response) => {
      if (request.method === 'PATCH' && state.held.length === 8 && state.begun === 1) lost = true;
      if (!lost || !request.url?.endsWith('/u1')) return false;
      response.writeHead(404).end();
      return true;
    });
    expect(await send(await serve(handler))).toBe('pushed');
    expect(state.begun).toBe(2);
    expect(state.whole).toEqual(content);
  });

  test('ends when the registry refuses every range', async () => {
    let patches = 0;
    const { handler } = keeping((request, response) => {
      if (request.method !== 'PATCH') return false;
      patches++;
      response.writeHead(416).end();
      return true;
    });
    await expect(send(await serve(handler))).rejects.toThrow('answered 416');
    expect(patches).toBeLessThan(20);
  });
});

test('a download whose rest the registry does not have begins anew', async () => {
  const content = Buffer.from('the blob');
  const expected = { mediaType: 'x', digest: digestOf(content), size: content.length };
  const from = await serve((request, response) => {
    if (request.headers.range) response.writeHead(416).end();
    else response.writeHead(200).end(content);
  });
  const ingest = await Ingest.open(new ImageStore(directory), expected);
  ingest?.write(Buffer.from('wrong'));
  if (!ingest) throw new Error('nothing to receive');
  await download(from, ingest, { onBytes: () => undefined });
  ingest.verify();
  ingest.discard();
});

test('a document that comes a byte at a time is given up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const body = new PassThrough();
  body.write('x');
  const read = readBody(body as unknown as IncomingMessage, 100, 'manifest');
  const refused = expect(read).rejects.toThrow('manifest: not whole after 300 seconds');
  vi.advanceTimersByTime(300_000);
  await refused;
});

test('NUL bytes around a password of config.json are none of it', async () => {
  const auth = Buffer.from('ada:secret\0\0').toString('base64');
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths: { 'a.example': { auth } } }));
  const found = await new CredentialStore({ DOCKER_CONFIG: directory }).get('a.example');
  expect(found).toEqual({ username: 'ada', secret: 'secret' });
});
