import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, createSign, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const USER = 'ada';
export const PASSWORD = 'correct horse';

export interface RegistryServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Where certificates and files lie: `ca.crt` with TLS. */
  readonly directory: string;
  close(): Promise<void>;
}

export interface RegistryKind {
  readonly auth?: 'htpasswd' | 'token';
  readonly tls?: boolean;
  /** Only those with a certificate of `ca.crt` are let in: `ca.crt` with `ca.key` is one. */
  readonly clientCertificates?: boolean;
}

/** Debian's docker-registry on a port of loopback that the kernel gives it, answering when this resolves. */
export async function startRegistry(kind: RegistryKind = {}): Promise<RegistryServer> {
  const { auth, tls = false, clientCertificates = false } = kind;
  const directory = mkdtempSync(join(tmpdir(), 'tinyrun-registry-'));
  if (tls || auth === 'token') makeCertificate(directory);
  const tokens = auth === 'token' ? await startTokenServer(directory) : undefined;
  const lines = ['version: 0.1', 'log: {level: info}'];
  lines.push(`storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}`);
  lines.push('http:', '  addr: 127.0.0.1:0', '  relativeurls: true');
  const clients = clientCertificates ? `, clientcas: [${directory}/ca.crt]` : '';
  if (tls) lines.push(`  tls: {certificate: ${directory}/ca.crt, key: ${directory}/ca.key${clients}}`);
  if (auth === 'htpasswd') lines.push(...htpasswdLines(directory));
  if (tokens) lines.push(...tokenLines(directory, tokens.realm));
  writeFileSync(join(directory, 'config.yml'), `${lines.join('\n')}\n`);
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const host = await listening(child);
  return {
    host,
    directory,
    async close() {
      tokens?.server.close();
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

function htpasswdLines(directory: string): string[] {
  const hash = execFileSync('python3', ['-c', BCRYPT, PASSWORD], { encoding: 'utf8' }).trim();
  writeFileSync(join(directory, 'htpasswd'), `${USER}:${hash}\n`);
  return ['auth:', `  htpasswd: {realm: tests, path: ${directory}/htpasswd}`];
}

// The registry takes bcrypt only; libcrypt makes it.
const BCRYPT = `
import ctypes, sys
lib = ctypes.CDLL('libcrypt.so.1')
lib.crypt.restype = ctypes.c_char_p
print(lib.crypt(sys.argv[1].encode(), b'$2b$05$abcdefghijklmnopqrstuu').decode().replace('$2b$', '$2a$'))
`;

const tokenLines = (directory: string, realm: string): string[] => [
  'auth:',
  `  token: {realm: "${realm}", service: tests, issuer: tests, rootcertbundle: ${directory}/ca.crt}`,
];

function makeCertificate(directory: string): void {
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test';
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', names];
  const files = ['-keyout', join(directory, 'ca.key'), '-out', join(directory, 'ca.crt')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files],
    { stdio: 'ignore' },
  );
}

/** A token server as token.md draws it: basic credentials in, a signed JWT with the access asked for out. */
async function startTokenServer(directory: string): Promise<{ server: Server; realm: string }> {
  const certificate = readFileSync(join(directory, 'ca.crt'), 'utf8').replace(/-----[^-]+-----|\s/g, '');
  const key = readFileSync(join(directory, 'ca.key'), 'utf8');
  const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) return response.writeHead(401).end('{}');
    const scopes = new URL(request.url ?? '', 'http://x').searchParams.getAll('scope');
    const access = scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const token = signToken(key, certificate, access);
    return response.end(JSON.stringify({ token, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    server,
    realm: `http://127.0.0.1:${port}/token?from=${createHash('sha1').update(directory).digest('hex').slice(0, 6)}`,
  };
}

function signToken(key: string, certificate: string, access: object[]): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ typ: 'JWT', alg: 'RS256', x5c: [certificate] });
  const claims = {
    iss: 'tests',
    sub: USER,
    aud: 'tests',
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: randomBytes(8).toString('hex'),
  };
  const body = `${header}.${part({ ...claims, access })}`;
  return `${body}.${createSign('RSA-SHA256').update(body).sign(key, 'base64url')}`;
}

/** Where it listens, by its log. */
function listening(child: ChildProcess): Promise<string> {
  let log = '';
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const host = /listening on (127\.0\.0\.1:\d+)\D/.exec(log)?.[1];
      if (host !== undefined) resolve(host);
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`docker-registry ended with ${code}: ${log}`)));
  });
}
