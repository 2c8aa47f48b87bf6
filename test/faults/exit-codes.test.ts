// How `run` ends: 125 tinyrun itself, 126 not executable, 127 not found, 128+n a signal, else the program's own.
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sandbox } from '../security/support.ts';

const sandbox = new Sandbox();
beforeAll(async () => {
  const layer = await sandbox.layer();
  writeFileSync(path.join(layer, 'data'), 'no program\n', { mode: 0o644 });
  writeFileSync(path.join(layer, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
  writeFileSync(path.join(layer, 'garbage'), '\x7fELF garbage', { mode: 0o755 });
  chmodSync(path.join(layer, 'script'), 0o755);
});
afterAll(() => sandbox.close());

const run = (...args: string[]) => sandbox.tinyrun(['run', '--rm', ...args]);
const program = (...args: string[]) => run('busybox', ...args);

describe.each<[number, string, () => ReturnType<typeof run>]>([
  [0, 'true', () => program('true')],
  [1, 'false', () => program('false')],
  [42, 'exit 42', () => program('sh', '-c', 'exit 42')],
  [255, 'exit 255', () => program('sh', '-c', 'exit 255')],
  [137, 'a program that kills itself', () => program('sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?')],
  [143, 'SIGTERM behind --init', () => run('--init', 'busybox', 'sh', '-c', 'kill -TERM $$')],
  [139, 'SIGSEGV behind --init', () => run('--init', 'busybox', 'sh', '-c', 'kill -SEGV $$')],
  [127, 'no such program', () => program('no-such-program')],
  [127, 'no such path', () => program('/no/such/program')],
  [126, 'a directory', () => program('/etc')],
  [126, 'a file that may not run', () => program('/data')],
  [127, 'no such program, with --init', () => run('--init', 'busybox', 'no-such-program')],
  [125, 'an unknown flag', () => run('--no-such-flag', 'busybox', 'true')],
  [125, 'no image', () => run()],
  [125, 'a malformed image name', () => run('Busybox:UP!', 'true')],
  [125, '-m lots', () => run('-m', 'lots', 'busybox', 'true')],
  [125, 'an unreadable env file', () => run('--env-file', '/no/such/file', 'busybox', 'true')],
  [125, 'an unknown capability', () => run('--cap-add', 'FLY', 'busybox', 'true')],
  [125, 'an unknown command', () => sandbox.tinyrun(['rum', 'busybox'])],
])('exit code %d', (code, name, call) => {
  test(name, async () => {
    const result = await call();
    expect(result.code, result.stderr).toBe(code);
    if (code >= 125 && code <= 127) expect(result.stderr).toMatch(/^tinyrun: [^\n]+\n(hint: [^\n]+\n)?$/);
  });
});

describe('execve itself refuses', () => {
  test('a missing interpreter', async () => {
    const { code, stderr } = await program('/script');
    expect([126, 127]).toContain(code);
    expect(stderr).toMatch(/^tinyrun: .*\/script/);
  });

  test('what is no program', async () => {
    const { code, stderr } = await program('/garbage');
    expect(code).toBe(126);
    expect(stderr).toMatch(/^tinyrun: .*\/garbage.*exec format error/);
  });
});

test('standard streams: end of input is seen, output comes whole, a closed output hurts nobody', async () => {
  const big = await program('sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x');
  expect(big.stdout.length).toBe(3_000_000);
  expect((await program('cat')).code).toBe(0);
  const closed = await sandbox.under(['sh', '-c', '"$@" >&-', 'sh'], path.resolve('bin/tinyrun'), [
    'run',
    '--rm',
    'busybox',
    'true',
  ]);
  expect(closed.code, closed.stderr).toBe(0);
});
