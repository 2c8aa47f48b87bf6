import { spawn } from 'node:child_process';
import { TinyrunError } from '../../errors.ts';
import type { Credentials } from './credentials.ts';

// The credential helper protocol of docker-credential-helpers: `docker-credential-NAME get|store|erase`, the server
// or a JSON object on standard input, a JSON object or a message on standard output.

const NOT_FOUND = 'credentials not found in native keychain';

export async function helperGet(helper: string, server: string): Promise<Credentials | undefined> {
  const { code, output } = await run(helper, 'get', server);
  if (code !== 0 && output.includes(NOT_FOUND)) return undefined;
  if (code !== 0) throw failed(helper, 'get', output);
  const answer = JSON.parse(output) as { Username?: string; Secret?: string };
  return answer.Secret ? { username: answer.Username ?? '', secret: answer.Secret } : undefined;
}

export async function helperStore(helper: string, server: string, credentials: Credentials): Promise<void> {
  const input = { ServerURL: server, Username: credentials.username, Secret: credentials.secret };
  const { code, output } = await run(helper, 'store', JSON.stringify(input));
  if (code !== 0) throw failed(helper, 'store', output);
}

export async function helperErase(helper: string, server: string): Promise<void> {
  const { code, output } = await run(helper, 'erase', server);
  if (code !== 0 && !output.includes(NOT_FOUND)) throw failed(helper, 'erase', output);
}

/** A token is a few kB. */
const MAX_OUTPUT = 1 << 20;

const failed = (helper: string, verb: string, output: string): TinyrunError =>
  new TinyrunError(
    'REGISTRY_DENIED',
    `docker-credential-${helper} ${verb}: ${output.trim() || 'it failed without a message'}`,
  );

function run(helper: string, verb: string, input: string): Promise<{ code: number; output: string }> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper))
    throw new TinyrunError(
      'USAGE',
      `bad name of a credential helper in config.json: ${JSON.stringify(helper)}`,
    );
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, [verb], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_OUTPUT) child.kill();
    });
    child.once('error', (cause) =>
      reject(new TinyrunError('REGISTRY_DENIED', `docker-credential-${helper}: ${cause.message}`, { cause })),
    );
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
    // A helper that does not read its input is no failure.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
