import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { MEDIA } from '../../../src/image/types.ts';
import { archive } from './archives.ts';

export const digestOf = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request itself, or leaves it to the registry by answering false. */
export type Fault = (request: IncomingMessage, response: ServerResponse, seen: number) => boolean;

export interface FaultyRegistry {
  readonly host: string;
  readonly requests: Request[];
  /** By the end of a request's path; `seen` counts the requests for it, from 1. */
  readonly faults: Map<string, Fault>;
  readonly image: TestImage;
  close(): Promise<void>;
}

export interface TestImage {
  readonly blobs: Map<string, Buffer>;
  readonly layer: Buffer;
  readonly layerDigest: string;
  readonly config: Buffer;
  readonly configDigest: string;
  readonly manifest: Buffer;
}

/** One image with one layer of a megabyte that does not compress. */
export async function testImage(): Promise<TestImage> {
  const noise = createHash('shake256', { outputLength: 1 << 20 })
    .update('noise')
    .digest();
  const tar = await archive([{ name: 'noise', body: noise }]);
  const layer = gzipSync(tar, { level: 1 });
  const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
  const manifest = manifestOf(config, layer);
  const blobs = new Map([layer, config].map((blob) => [digestOf(blob), blob]));
  return { blobs, layer, layerDigest: digestOf(layer), config, configDigest: digestOf(config), manifest };
}

export function manifestOf(config: Buffer, layer: Buffer, extra: object = {}): Buffer {
  const descriptor = (mediaType: string, blob: Buffer) => ({
    mediaType,
    digest: digestOf(blob),
    size: blob.length,
  });
  const layers = [descriptor(MEDIA.layerGzip, layer)];
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: descriptor(MEDIA.config, config),
      layers,
      ...extra,
    }),
  );
}

/** A registry that does what it is told to do wrong, and right everything else, ranges included. */
export async function startFaultyRegistry(basic?: string): Promise<FaultyRegistry> {
  const image = await testImage();
  const requests: Request[] = [];
  const faults = new Map<string, Fault>();
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const { authorization, range } = request.headers;
    requests.push({ method: request.method ?? '', path, authorization, range });
    for (const [end, fault] of faults) {
      if (!path.endsWith(end)) continue;
      counts.set(end, (counts.get(end) ?? 0) + 1);
      if (fault(request, response, counts.get(end) ?? 0)) return;
    }
    if (basic && authorization !== basic)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else serve(image, request, response);
  });
  const port = await listen(server);
  return { host: `127.0.0.1:${port}`, requests, faults, image, close: () => closeServer(server) };
}

function serve(image: TestImage, request: IncomingMessage, response: ServerResponse): void {
  const [, kind, name = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
  if (kind === 'manifests') sendManifest(response, image.manifest);
  else if (kind === 'blobs') sendBlob(request, response, image.blobs.get(name));
  else response.writeHead(404).end();
}

export function sendManifest(response: ServerResponse, bytes: Buffer, type: string = MEDIA.manifest): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
}

function sendBlob(request: IncomingMessage, response: ServerResponse, blob: Buffer | undefined): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (!blob) response.writeHead(404).end('{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}');
  else if (from > 0) {
    const range = `bytes ${from}-${blob.length - 1}/${blob.length}`;
    response
      .writeHead(206, { 'content-range': range, 'content-length': blob.length - from })
      .end(blob.subarray(from));
  } else response.writeHead(200, { 'content-length': blob.length }).end(blob);
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

export function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
