import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pull } from '../../../src/image/pull.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { CredentialStore } from '../../../src/image/registry/credentials.ts';
import { ImageStore } from '../../../src/image/store.ts';
import { closeServer, listen, startFaultyRegistry } from './faulty-registry.ts';
import { PASSWORD, type RegistryServer, startRegistry, USER } from './registry-server.ts';

// docker-registry as the origin and as a good mirror; bad mirrors are of our own.

const BUSYBOX = join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
const fill = ({ host }: RegistryServer, ...flags: string[]): void => {
  const quiet = ['copy', '-q', '--dest-tls-verify=false', '--dest-creds', `${USER}:${PASSWORD}`, ...flags];
  execFileSync('skopeo', [...quiet, `oci:${BUSYBOX}`, `docker://${host}/team/busybox:1`]);
};

let origin: RegistryServer;
let dataRoot: string;
let store: ImageStore;
beforeAll(async () => {
  origin = await startRegistry({ auth: 'htpasswd' });
  fill(origin);
});
afterAll(() => origin.close());
beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-mirrors-'));
  store = new ImageStore(dataRoot);
});
afterEach(() => rmSync(dataRoot, { recursive: true }));

/** An environment with a registries.json, the origin's login in config.json and certificates below certs.d. */
async function environment(registries: object): Promise<NodeJS.ProcessEnv> {
  const path = join(dataRoot, 'registries.json');
  writeFileSync(path, JSON.stringify({ registries }));
  const env = {
    TINYRUN_REGISTRIES: path,
    DOCKER_CONFIG: dataRoot,
    TINYRUN_CERTS_D: join(dataRoot, 'certs.d'),
  };
  await new CredentialStore(env).set(origin.host, { username: USER, secret: PASSWORD });
  return env;
}

const RETRY = { attempts: 3, baseMs: 1, maxMs: 10 };
const pullIt = (env: NodeJS.ProcessEnv, name = `${origin.host}/team/busybox:1`) =>
  pull(store, parseReference(name), { client: { env, retry: RETRY } });

interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A mirror that answers everything alike, and remembers what it was asked. */
async function startMirror(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization });
    answer(request, response);
  });
  const host = `127.0.0.1:${await listen(server)}`;
  return { host, seen, close: () => closeServer(server) };
}

describe('a mirror', () => {
  test('serves the image of a registry that is not there', async () => {
    const mirror = await startRegistry();
    try {
      fill(mirror);
      const mirrors = [`http://${mirror.host}`];
      const env = await environment({ 'registry.test': { mirrors }, 'docker.io': { mirrors } });
      const { image } = await pullIt(env, 'registry.test/team/busybox:1');
      expect(image.repoDigests[0]).toMatch(/^registry\.test\/team\/busybox@/);
      expect((await pullIt(env, 'team/busybox:1')).image.name).toBe('docker.io/team/busybox:1');
    } finally {
      await mirror.close();
    }
  });

  test('below a path', async () => {
    const mirror = await startMirror((_, response) => response.writeHead(404).end());
    await pullIt(await environment({ [origin.host]: { mirrors: [`http://${mirror.host}/hub/`] } }));
    expect(mirror.seen[0]?.path).toBe('/hub/v2/team/busybox/manifests/1');
    await mirror.close();
  });

  test.each([401, 403, 404, 429, 500, 503])('that answers %d leaves it to the registry', async (status) => {
    const mirror = await startMirror((_, response) => response.writeHead(status).end('{}'));
    await pullIt(await environment({ [origin.host]: { mirrors: [`http://${mirror.host}`] } }));
    expect(store.list()).toHaveLength(1);
    // Of one that is out of order nothing more is asked.
    if (status >= 429) expect(mirror.seen.length).toBe(2);
    await mirror.close();
  });

  test('that is not there, then one that breaks off', async () => {
    const gone = await startMirror((_, response) => response.end());
    await gone.close();
    const broken = await startMirror((_, response) => response.destroy());
    await pullIt(
      await environment({ [origin.host]: { mirrors: [`http://${gone.host}`, `http://${broken.host}`] } }),
    );
    expect(store.list()).toHaveLength(1);
    await broken.close();
  });

  test('is not told the registry’s password, however it asks', async () => {
    const challenges = [
      'Basic realm="mirror"',
      `Bearer realm="http://${origin.host}/token",service="${origin.host}"`,
    ];
    for (const challenge of challenges) {
      const mirror = await startMirror((request, response) => {
        if (request.url?.startsWith('/v2/')) response.writeHead(401, { 'www-authenticate': challenge });
        response.end('{}');
      });
      await pullIt(await environment({ [origin.host]: { mirrors: [`http://${mirror.host}`] } }));
      expect(mirror.seen.length).toBeGreaterThan(0);
      expect(mirror.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
      await mirror.close();
    }
  });

  test('with a login of its own gets that', async () => {
    const basic = `Basic ${Buffer.from('bob:mirror').toString('base64')}`;
    const mirror = await startFaultyRegistry(basic);
    const env = await environment({ 'registry.test': { mirrors: [`http://${mirror.host}`] } });
    await new CredentialStore(env).set(mirror.host, { username: 'bob', secret: 'mirror' });
    await pullIt(env, 'registry.test/x:1');
    const told = new Set(mirror.requests.map(({ authorization }) => authorization));
    expect(told).toEqual(new Set([undefined, basic]));
    await mirror.close();
  });

  test('that lies is not believed', async () => {
    const mirror = await startFaultyRegistry();
    const { layerDigest } = mirror.image;
    mirror.faults.set(layerDigest, (_, response) => {
      response.end(Buffer.alloc(mirror.image.layer.length));
      return true;
    });
    const env = await environment({ 'registry.test': { mirrors: [`http://${mirror.host}`] } });
    await expect(pullIt(env, 'registry.test/x:1')).rejects.toThrow(`blob ${layerDigest}: its digest is`);
    expect(store.hasBlob(layerDigest)).toBe(false);
    await mirror.close();
  });
});

describe('certificates of one registry', () => {
  /** Below certs.d/HOST. */
  function place(host: string, registry: RegistryServer, names: Readonly<Record<string, string>>): void {
    const directory = join(dataRoot, 'certs.d', host);
    mkdirSync(directory, { recursive: true });
    for (const [from, to] of Object.entries(names))
      copyFileSync(join(registry.directory, from), join(directory, to));
  }

  test('its authority vouches for it alone', async () => {
    const registry = await startRegistry({ tls: true });
    try {
      fill(registry);
      const env = await environment({ [registry.host]: { insecure: false } });
      place('127.0.0.1:1', registry, { 'ca.crt': 'ca.crt' });
      const name = `${registry.host}/team/busybox:1`;
      await expect(pullIt(env, name)).rejects.toThrow(/certificate is signed by no authority/);
      place(registry.host, registry, { 'ca.crt': 'ca.crt' });
      expect((await pullIt(env, name)).upToDate).toBe(false);
    } finally {
      await registry.close();
    }
  });

  test('a client certificate', async () => {
    const registry = await startRegistry({ tls: true, clientCertificates: true });
    try {
      const certificates = join(dataRoot, 'skopeo');
      mkdirSync(certificates);
      const names = { 'ca.crt': 'client.cert', 'ca.key': 'client.key' };
      for (const [from, to] of Object.entries(names))
        copyFileSync(join(registry.directory, from), join(certificates, to));
      fill(registry, '--dest-cert-dir', certificates);
      const env = await environment({});
      const name = `${registry.host}/team/busybox:1`;
      await expect(pullIt(env, name)).rejects.toMatchObject({ code: 'REGISTRY' });
      place(registry.host, registry, names);
      expect((await pullIt(env, name)).upToDate).toBe(false);
    } finally {
      await registry.close();
    }
  });

  test('insecure takes any certificate, and plain http where there is no https', async () => {
    const registry = await startRegistry({ tls: true });
    try {
      fill(registry);
      const name = registry.host.replace('127.0.0.1', 'localhost');
      const strict = await environment({ [name]: { insecure: false } });
      await expect(pullIt(strict, `${name}/team/busybox:1`)).rejects.toThrow(/certificate/);
      const lax = await environment({ [name]: { insecure: true } });
      await pullIt(lax, `${name}/team/busybox:1`);
      const http = await environment({ [origin.host]: { insecure: false } });
      await expect(pullIt(http)).rejects.toMatchObject({ code: 'REGISTRY' });
    } finally {
      await registry.close();
    }
  });
});
