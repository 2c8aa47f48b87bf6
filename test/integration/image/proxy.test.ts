import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pull } from '../../../src/image/pull.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { ImageStore } from '../../../src/image/store.ts';
import { type ForwardProxy, startProxy } from './proxy-server.ts';
import { PASSWORD, type RegistryServer, startRegistry, USER } from './registry-server.ts';

// docker-registry is called registry.test, a name that only the proxy knows.

const BUSYBOX = join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
const NAME = 'registry.test/team/busybox:1';
const LOGIN = `Basic ${Buffer.from('eve:p@ss/word').toString('base64')}`;

let secure: RegistryServer;
let plain: RegistryServer;
let proxy: ForwardProxy;
let dataRoot: string;
let store: ImageStore;
beforeAll(async () => {
  secure = await startRegistry({ tls: true });
  plain = await startRegistry({ auth: 'htpasswd' });
  const flags = ['copy', '-q', '--dest-tls-verify=false', '--dest-creds', `${USER}:${PASSWORD}`];
  for (const { host } of [secure, plain])
    execFileSync('skopeo', [...flags, `oci:${BUSYBOX}`, `docker://${host}/team/busybox:1`]);
});
afterAll(() => Promise.all([secure.close(), plain.close()]));
beforeEach(async () => {
  dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-proxy-'));
  store = new ImageStore(dataRoot);
  proxy = await startProxy({ 'registry.test:443': secure.host, 'other.test:443': secure.host });
});
afterEach(async () => {
  await proxy.close();
  rmSync(dataRoot, { recursive: true });
});

/** An environment in which registry.test is trusted by its own authority alone. */
function trusting(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const certificates = join(dataRoot, 'certs.d');
  for (const host of ['registry.test', 'other.test']) {
    mkdirSync(join(certificates, host), { recursive: true });
    copyFileSync(join(secure.directory, 'ca.crt'), join(certificates, host, 'ca.crt'));
  }
  return { TINYRUN_CERTS_D: certificates, HOME: dataRoot, ...env };
}

const pullIt = (env: NodeJS.ProcessEnv, name = NAME, idleMs = 60_000) =>
  pull(store, parseReference(name), {
    client: {
      env,
      idleMs,
      retry: { attempts: 2, baseMs: 1, maxMs: 10 },
      credentials: async (host) =>
        host === 'registry.test' ? { username: USER, secret: PASSWORD } : undefined,
    },
  });

describe('https', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])('goes through a tunnel: %s', async (name) => {
    await pullIt(trusting({ [name]: `http://${proxy.host}` }));
    expect(store.resolve(NAME)).toBeDefined();
    expect(new Set(proxy.requests.map(({ method, target }) => `${method} ${target}`))).toEqual(
      new Set(['CONNECT registry.test:443']),
    );
    // Manifest, config and layer: connections are kept.
    expect(proxy.requests.length).toBeLessThan(3);
  });

  test('the certificate is the registry’s, checked against its name', async () => {
    const env = { HTTPS_PROXY: proxy.host };
    await expect(pullIt({ ...env, HOME: dataRoot })).rejects.toThrow(/self-signed certificate/);
    await expect(pullIt(trusting(env), 'other.test/team/busybox:1')).rejects.toThrow(/altnames/);
    expect(store.list()).toEqual([]);
  });

  test('the proxy’s password goes to the proxy, and is in no error', async () => {
    const guarded = await startProxy({ 'registry.test:443': secure.host }, LOGIN);
    try {
      await pullIt(trusting({ HTTPS_PROXY: `http://eve:p%40ss%2Fword@${guarded.host}` }));
      expect(store.list()).toHaveLength(1);
      store = new ImageStore(join(dataRoot, 'second'));
      const error = await pullIt(trusting({ HTTPS_PROXY: `http://eve:secret@${guarded.host}` })).catch(
        String,
      );
      expect(error).toContain(
        `proxy ${guarded.host}: does not connect to registry.test:443: it answered 407`,
      );
      expect(error).not.toContain('secret');
    } finally {
      await guarded.close();
    }
  });

  test('one that refuses, is not there, or says nothing', async () => {
    const refused = pullIt(trusting({ HTTPS_PROXY: proxy.host }), 'third.test/x:1');
    await expect(refused).rejects.toThrow(
      /registry third\.test: proxy .*: does not connect to third\.test:443: it answered 403/,
    );
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const address = silent.address();
    const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    try {
      const stalled = pullIt(trusting({ HTTPS_PROXY: host }), NAME, 200);
      await expect(stalled).rejects.toThrow(/sent nothing for/);
    } finally {
      silent.close();
    }
    await expect(pullIt(trusting({ HTTPS_PROXY: host }))).rejects.toThrow(/proxy .*ECONNREFUSED/);
  });

  test.each(['socks5://127.0.0.1:1', 'http://a b', 'http://u:secret@'])('%s is refused', async (value) => {
    const error = await pullIt(trusting({ HTTPS_PROXY: value })).catch(String);
    expect(error).toMatch(/HTTPS_PROXY/);
    expect(error).not.toContain('secret');
  });
});

describe('http', () => {
  const insecure = () => {
    const path = join(dataRoot, 'registries.json');
    writeFileSync(path, '{"registries":{"registry.test":{"insecure":true}}}');
    return { TINYRUN_REGISTRIES: path, HOME: dataRoot };
  };

  test.each(['HTTP_PROXY', 'http_proxy'])('goes there with its whole URL: %s', async (name) => {
    const both = await startProxy({ 'registry.test': plain.host }, LOGIN);
    try {
      const url = `http://eve:p%40ss%2Fword@${both.host}`;
      await pullIt({ ...insecure(), HTTPS_PROXY: url, [name]: url });
      expect(store.list()).toHaveLength(1);
      const plainly = both.requests.filter(({ method }) => method !== 'CONNECT');
      expect(plainly.map(({ target }) => new URL(target).host)).toEqual(plainly.map(() => 'registry.test'));
      // What the proxy is told is not what the registry is told.
      const registrys = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
      expect(plainly[0]?.authorization).toBeUndefined();
      expect(new Set(plainly.slice(1).map(({ authorization }) => authorization))).toEqual(
        new Set([registrys]),
      );
      expect(new Set(both.requests.map(({ proxyAuthorization }) => proxyAuthorization))).toEqual(
        new Set([LOGIN]),
      );
      store = new ImageStore(join(dataRoot, 'second'));
      const stranger = pullIt({ ...insecure(), HTTPS_PROXY: url, [name]: `http://eve:no@${both.host}` });
      await expect(stranger).rejects.toThrow(/the proxy wants another user name or password/);
    } finally {
      await both.close();
    }
  });
});

test('what NO_PROXY names, and loopback, go past it', async () => {
  const env = trusting({ HTTPS_PROXY: proxy.host, HTTP_PROXY: proxy.host });
  for (const list of [{ NO_PROXY: 'registry.test' }, { no_proxy: '.test' }])
    await expect(pullIt({ ...env, ...list })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  await pullIt(env, `${secure.host}/team/busybox:1`);
  expect(store.list()).toHaveLength(1);
  expect(proxy.requests).toEqual([]);
});
