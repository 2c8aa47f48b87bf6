import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureUnpacked } from '../../../src/image/layers.ts';
import { pull } from '../../../src/image/pull.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { ImageStore } from '../../../src/image/store.ts';
import { PASSWORD, type RegistryKind, type RegistryServer, startRegistry, USER } from './registry-server.ts';

/** Not the synchronous one: the token server answers from this process. */
const execFileAsync = promisify(execFile);
const BUSYBOX = join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
const CREDENTIALS = ['--dest-creds', `${USER}:${PASSWORD}`, '--dest-tls-verify=false'];

const KINDS: [string, RegistryKind][] = [
  ['http, anonymous', {}],
  ['http, htpasswd', { auth: 'htpasswd' }],
  ['http, token', { auth: 'token' }],
  ['TLS, anonymous', { tls: true }],
  ['TLS, htpasswd', { tls: true, auth: 'htpasswd' }],
];

describe.each(KINDS)('docker-registry over %s', (_, kind) => {
  let registry: RegistryServer;
  let dataRoot: string;
  const client = {
    env: {},
    credentials: async () => (kind.auth ? { username: USER, secret: PASSWORD } : undefined),
  };
  beforeAll(async () => {
    registry = await startRegistry(kind);
    const target = `docker://${registry.host}/team/busybox:1`;
    await execFileAsync('skopeo', ['copy', '-q', ...CREDENTIALS, `oci:${BUSYBOX}`, target]);
  });
  afterAll(() => registry.close());
  beforeEach(() => {
    dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-pull-'));
  });
  afterEach(() => rmSync(dataRoot, { recursive: true }));

  test('what skopeo pushed is pulled and unpacked', async () => {
    const store = new ImageStore(dataRoot);
    const reference = parseReference(`${registry.host}/team/busybox:1`);
    const pulled = await pull(store, reference, { client });
    expect(pulled.upToDate).toBe(false);
    const image = store.resolve(`${registry.host}/team/busybox:1`);
    expect(image?.id).toBe(pulled.image.id);
    if (!image) throw new Error('not stored');
    const { lowers } = await ensureUnpacked(store, image);
    expect(existsSync(join(lowers[0] ?? '', 'bin/busybox'))).toBe(true);
    expect(readdirSync(join(dataRoot, 'images/ingest'))).toEqual([]);
    const again = await pull(store, reference, { client });
    expect(again.upToDate).toBe(true);
    const byDigest = await pull(store, parseReference(`${registry.host}/team/busybox@${pulled.digest}`), {
      client,
    });
    expect(byDigest.image.id).toBe(image.id);
  });

  test('what is not there, and who may not', async () => {
    const store = new ImageStore(dataRoot);
    const missing = pull(store, parseReference(`${registry.host}/team/busybox:2`), { client });
    await expect(missing).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    if (!kind.auth) return;
    const stranger = { env: {}, credentials: async () => ({ username: USER, secret: 'wrong' }) };
    const refused = pull(store, parseReference(`${registry.host}/team/busybox:1`), { client: stranger });
    await expect(refused).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    // A helper that is gone is no failure of its own: there are public images. It is named where a login was needed.
    writeFileSync(join(dataRoot, 'config.json'), '{"credsStore":"gone"}');
    const anonymous = { env: { DOCKER_CONFIG: dataRoot } };
    await expect(
      pull(store, parseReference(`${registry.host}/team/busybox:1`), { client: anonymous }),
    ).rejects.toThrow(kind.auth === 'token' ? /anonymous access/ : /docker-credential-gone: spawn/);
    expect(store.list()).toEqual([]);
  });
});

test('a registry by certificate authority, not marked insecure', async () => {
  const registry = await startRegistry({ tls: true });
  const dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-pull-'));
  try {
    const settings = join(registry.directory, 'registries.json');
    writeFileSync(settings, JSON.stringify({ registries: { [registry.host]: { insecure: false } } }));
    await execFileAsync('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      `oci:${BUSYBOX}`,
      `docker://${registry.host}/b:1`,
    ]);
    const store = new ImageStore(dataRoot);
    const reference = parseReference(`${registry.host}/b:1`);
    const env = { TINYRUN_REGISTRIES: settings, HOME: dataRoot };
    await expect(pull(store, reference, { client: { env } })).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringContaining('certificate'),
    });
    const trusting = { ...env, TINYRUN_EXTRA_CA_CERTS: join(registry.directory, 'ca.crt') };
    expect((await pull(store, reference, { client: { env: trusting } })).image.name).toContain('/b:1');
    expect(readFileSync(join(dataRoot, 'images/oci-layout'), 'utf8')).toContain('1.0.0');
  } finally {
    await registry.close();
    rmSync(dataRoot, { recursive: true });
  }
});
