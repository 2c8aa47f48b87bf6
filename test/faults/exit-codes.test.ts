// How `run` ends: 125 tinyrun itself, 126 not executable, 127 not found, 128+n a signal, else the program's own.
// Other verbs as docker's: 1, and 125 for flags that cannot be read.
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TABLE } from '../../src/cli/verbs.ts';
import { Sandbox } from '../support/sandbox.ts';

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
  [1, 'no image', () => run()],
  [125, 'a malformed image name', () => run('Busybox:UP!', 'true')],
  [125, '-m lots', () => run('-m', 'lots', 'busybox', 'true')],
  [125, 'an unreadable env file', () => run('--env-file', '/no/such/file', 'busybox', 'true')],
  [125, 'an unknown capability', () => run('--cap-add', 'FLY', 'busybox', 'true')],
  [125, 'an image that no registry has', () => run('localhost:1/nothere', 'true')],
])('exit code %d', (code, name, call) => {
  test(name, async () => {
    const result = await call();
    expect(result.code, result.stderr).toBe(code);
    if (code >= 125 && code <= 127)
      expect(result.stderr).toMatch(/^(Unable .*\n)?tinyrun: [^\n]+\n(hint: [^\n]+\n)?$/);
  });
});

const VERBS = [...Object.keys(TABLE.groups), ...TABLE.verbs.flatMap(({ names }) => names)];
const ENDED = /^tinyrun: [^\n]+\nhint: [^\n]+\n$/;

describe('other verbs', () => {
  const FAILING = [
    ['rum', 'busybox'],
    ['image', 'lss'],
    ['help', 'rum'],
    ['tag', 'busybox'],
    ['images', 'a', 'b'],
    ['tag', 'nosuch', 'x'],
    ['tag', 'busybox', 'Upper'],
    ['history', 'nosuch'],
    ['build', '.'],
    ['build', '--check', '/no/such/context'],
    ['build', '--check', '-f', '/no/such/Dockerfile', '/'],
    ['build', '--check', '-f', '/dev/null', '/'],
    ['save', '-o', '/dev/null', 'nosuch'],
    ['rmi', 'nosuch'],
    ['push', 'localhost:1/nosuch'],
    ['push', '-a', 'localhost:1/nosuch:tag'],
    ['pull', 'Upper'],
    ['pull', 'localhost:1/nosuch'],
    ['pull', '-a', 'localhost:1/nosuch:tag'],
    ['pull', '--platform', 'x/y/z/w', 'busybox'],
    ['inspect', '--type', 'image', 'nosuch'],
    ['inspect', 'nosuch'],
    ['image', 'inspect', 'nosuch'],
    ['image', 'tree', 'nosuch'],
    ['image', 'prune', '-f', '--filter', 'nope=1'],
    ['images', '--filter', 'nope=1'],
    ['images', '--format', '{{.Nope'],
    ['system', 'df', '--format', '{{.Nope}}'],
    ['ps', '--filter', 'nope=1'],
    ['events', '--filter', 'nope=1'],
    ['events', '--since', '0s', '--until', '1h'],
    ['system', 'start-all', 'nosuch'],
    ['system', 'stop-all', 'nosuch'],
    ['cp', 'nosuch:/x', '.'],
    ['cp', '/x', '/y'],
    ['port', 'nosuch'],
    ['stats', '--no-stream', 'nosuch'],
    ['top', 'nosuch'],
    ['diff', 'nosuch'],
    ['exec', 'nosuch', 'true'],
    ['exec', 'nosuch'],
    ['kill', 'nosuch'],
    ['kill', '-s', 'FROB', 'nosuch'],
    ['rm', 'nosuch'],
    ['export', '-o', '/dev/null', 'nosuch'],
    ['import', '/no/such.tar'],
    ['load', '-i', '/no/such.tar'],
    ['login', '--password-stdin', 'localhost:1'],
    ['manifest', 'inspect', 'Upper'],
    ['network', 'create', 'host'],
    ['network', 'create', '--subnet', '10.0.0.0', 'x'],
    ['network', 'create', '--driver', 'nosuch', 'x'],
    ['network', 'ls', '--filter', 'nope=1'],
    ['network', 'rm', 'nosuch'],
    ['network', 'rm', 'bridge'],
    ['network', 'inspect', 'nosuch'],
    ['network', 'prune', '-f', '--filter', 'nope=1'],
    ['network', 'connect', 'nosuch', 'nosuch'],
    ['network', 'disconnect', 'bridge', 'nosuch'],
    ['manifest', 'push', 'nosuch'],
    ['completion', 'frob'],
  ];
  test.each(FAILING.map((args) => [args]))('%j: 1', async (args) => {
    const { code, stderr } = await sandbox.tinyrun(args);
    expect(stderr).toMatch(/(^|\n)tinyrun: [^\n]+\nhint: [^\n]+\n$/);
    expect(code).toBe(1);
  });

  // docker reads a template before it looks for what it prints, so that a typo shows on an empty host, too
  const FORMATTED: [number, string[]][] = [
    [1, ['ps']],
    [1, ['ps', '-q']],
    [1, ['images', 'none-such']],
    [1, ['images', '-q', 'none-such']],
    [1, ['system', 'df', '-v']],
    [1, ['history', 'nosuch']],
    [1, ['image', 'tree', 'nosuch']],
    [64, ['inspect', 'nosuch']],
    [64, ['image', 'inspect', 'nosuch']],
  ];
  test.each(FORMATTED)('%i for --format {{unknown}} of %j', async (status, args) => {
    const { code, stdout, stderr } = await sandbox.tinyrun([...args, '--format', 'table {{unknown}}']);
    const words = 'tinyrun: template parsing error: template: :1: function "unknown" not defined\n';
    expect({ code, stdout, stderr: stderr.replace(/hint: .*\n/, '') }).toEqual({
      code: status,
      stdout: '',
      stderr: words,
    });
  });

  test('a member that is not there is an error of what has members; only ps asks without any', async () => {
    const ask = (...args: string[]) => sandbox.tinyrun([...args, '--format', 'table {{.Nope}}']);
    expect(await ask('images', 'none-such')).toEqual({ code: 0, stdout: '<no value>\n', stderr: '' });
    expect(await ask('images')).toMatchObject({ code: 1, stdout: '' });
    expect(await ask('ps')).toMatchObject({ code: 1, stdout: '' });
  });

  test('a data root that cannot be: 1', async () => {
    const { code, stderr } = await sandbox.tinyrun([
      '--data-root',
      '/dev/null/x',
      'load',
      '-i',
      '/etc/passwd',
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(ENDED) });
  });

  const UNREADABLE = [
    ...VERBS.map((verb) => [...verb.split(' '), '--frob']),
    ['images', '--format'],
    ['images', '--filter', 'nope'],
    ['ps', '--filter', 'nope'],
    ['pull', '--quiet=maybe', 'x'],
    ['--frob', 'images'],
    ['--data-root'],
  ];
  test.each(UNREADABLE.map((args) => [args]))('%j: 125', async (args) => {
    const { code, stdout, stderr } = await sandbox.tinyrun(args);
    expect({ code, stdout, stderr }).toEqual({ code: 125, stdout: '', stderr: expect.stringMatching(ENDED) });
  });

  test('a group without a subcommand lists them', async () => {
    const { code, stdout, stderr } = await sandbox.tinyrun(['image']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: tinyrun image COMMAND\n.*\n {2}ls {2,}list images\n/s);
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
