import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseChallenges } from '../../../src/image/registry/challenge.ts';
import { CredentialStore } from '../../../src/image/registry/credentials.ts';
import { proxyFor } from '../../../src/image/registry/proxy.ts';
import { retryAfter } from '../../../src/image/registry/retry.ts';
import { endpointsOf, isLoopback } from '../../../src/image/registry/settings.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-registry-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
  [
    'Bearer realm="https://a/token",service="s",scope="repository:x:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/token', service: 's', scope: 'repository:x:pull,push' },
      },
    ],
  ],
  [
    'Negotiate, Basic realm="a \\"b\\"", Bearer realm=c',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'a "b"' } },
      { scheme: 'bearer', parameters: { realm: 'c' } },
    ],
  ],
  ['', []],
  ['"', []],
])('WWW-Authenticate: %s', (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});

test.each([
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
  ['https://a.example/', { https_proxy: 'p:1', HTTPS_PROXY: 'http://q:1' }, 'http://p:1/'],
  ['http://a.example/', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example' }, undefined],
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b.example, a.example:443' }, undefined],
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example:80' }, 'http://p:1/'],
  ['https://ba.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example' }, 'http://p:1/'],
  ['https://10.1.2.3/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
  ['https://11.1.2.3/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, 'http://p:1/'],
  ['https://[fd00::2]/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::/8' }, undefined],
  ['https://[fe80::2]/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'fd00::/8, [fe80::1]' }, 'http://p:1/'],
  ['https://1.2.3.4/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '3.4, 10.0.0.0/99, 1.0.0.0/' }, 'http://p:1/'],
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.a.example' }, 'http://p:1/'],
  ['https://b.a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.a.example' }, undefined],
  ['https://127.0.0.1:5000/', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://a.example/', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
])('the proxy for %s with %j', (url, env, proxy) => {
  expect(proxyFor(new URL(url), env)?.href).toBe(proxy);
});

test('Retry-After in seconds and as a date', () => {
  expect(retryAfter('3')).toBe(3000);
  expect(retryAfter('Wed, 21 Oct 2015 07:28:10 GMT', Date.parse('2015-10-21T07:28:00Z'))).toBe(10_000);
  expect(retryAfter('soon')).toBeUndefined();
});

describe('registries.json', () => {
  test('mirrors come first, loopback is insecure, others are not', () => {
    const path = join(directory, 'registries.json');
    writeFileSync(
      path,
      '{"registries":{"docker.io":{"mirrors":["https://m.example/hub/","127.0.0.1:5000"]},"in.example":{"insecure":true}}}',
    );
    const env = { TINYRUN_REGISTRIES: path };
    expect(endpointsOf('docker.io', env)).toEqual([
      { host: 'm.example', origins: ['https://m.example/hub'], insecure: false, mirror: true },
      {
        host: '127.0.0.1:5000',
        origins: ['https://127.0.0.1:5000', 'http://127.0.0.1:5000'],
        insecure: true,
        mirror: true,
      },
      {
        host: 'registry-1.docker.io',
        origins: ['https://registry-1.docker.io'],
        insecure: false,
        mirror: false,
      },
    ]);
    expect(endpointsOf('in.example', env)[0]?.origins).toEqual(['https://in.example', 'http://in.example']);
    expect(endpointsOf('a.example', env)[0]?.origins).toEqual(['https://a.example']);
    writeFileSync(path, '{');
    expect(() => endpointsOf('a.example', env)).toThrow('not JSON');
  });

  test.each([
    ['localhost', true],
    ['localhost:5000', true],
    ['127.9.9.9:1', true],
    ['[::1]:5000', true],
    ['127.0.0.1.example', false],
    ['localhost.example', false],
  ])('%s is loopback: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});

describe('credentials', () => {
  const env = () => ({ DOCKER_CONFIG: directory, PATH: `${directory}:${process.env.PATH}` });

  test('are kept as docker keeps them, 0600, beside what else is there', async () => {
    writeFileSync(join(directory, 'config.json'), '{"psFormat":"x"}');
    const store = new CredentialStore(env());
    await store.set('docker.io', { username: 'ada', secret: 'p:w' });
    await store.set('r.example:5000', { username: 'bob', secret: 'q' });
    const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
    expect(JSON.parse(readFileSync(store.path, 'utf8'))).toEqual({
      psFormat: 'x',
      auths: { 'https://index.docker.io/v1/': auth('ada:p:w'), 'r.example:5000': auth('bob:q') },
    });
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
    expect(await store.get('registry-1.docker.io')).toEqual({ username: 'ada', secret: 'p:w' });
    expect(await store.get('r.example')).toBeUndefined();
    expect(await store.erase('r.example:5000')).toBe(true);
    expect(await store.erase('r.example:5000')).toBe(false);
  });

  test('a helper is asked by its protocol', async () => {
    const script = [
      '#!/bin/sh',
      `read -r line; printf '%s %s\\n' "$1" "$line" >> ${directory}/log`,
      'case "$1 $line" in',
      '  "get r.example") echo \'{"ServerURL":"r.example","Username":"ada","Secret":"s"}\';;',
      '  get*) echo "credentials not found in native keychain"; exit 1;;',
      'esac',
    ];
    writeFileSync(join(directory, 'docker-credential-test'), `${script.join('\n')}\n`, { mode: 0o755 });
    writeFileSync(
      join(directory, 'config.json'),
      '{"credHelpers":{"r.example":"test","q.example":"test","bad.example":"no/such"}}',
    );
    const path = process.env.PATH;
    process.env.PATH = env().PATH;
    try {
      const store = new CredentialStore(env());
      expect(await store.get('r.example')).toEqual({ username: 'ada', secret: 's' });
      expect(await store.get('q.example')).toBeUndefined();
      await store.set('r.example', { username: 'bob', secret: 't' });
      await store.erase('r.example');
      await expect(store.get('bad.example')).rejects.toThrow('bad name of a credential helper');
    } finally {
      process.env.PATH = path;
    }
    expect(readFileSync(join(directory, 'log'), 'utf8').split('\n')).toEqual([
      'get r.example',
      'get q.example',
      'store {"ServerURL":"r.example","Username":"bob","Secret":"t"}',
      'erase r.example',
      '',
    ]);
    expect(readFileSync(join(directory, 'config.json'), 'utf8')).not.toContain('bob');
  });
});
