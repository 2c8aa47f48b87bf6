import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-launcher-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: process.env.PATH, ...env },
  });
  return { status, stdout, stderr };
}

describe.each(['tinyrun', 'tinyrunc'])('bin/%s', (name) => {
  test('runs through the links that npm makes', () => {
    symlinkSync(ROOT, join(dir, `${name}-package`));
    symlinkSync(`${name}-package/bin/${name}`, join(dir, name));
    const direct = run(join(ROOT, 'bin', name), ['--version']);
    expect(direct).toMatchObject({ status: 0, stderr: '' });
    expect(run(join(dir, name), ['--version'])).toEqual(direct);
    expect(run(name, ['--version'], { PATH: `${dir}:${process.env.PATH}` })).toEqual(direct);
  });

  test('keeps extra certificates from node and for the registry client, and its arguments whole', () => {
    const bin = mkdtempSync(join(dir, 'fake-'));
    const parts = ['NODE_EXTRA_CA_CERTS', 'TINYRUN_EXTRA_CA_CERTS'].map(
      (variable) => `"\${${variable}-unset}"`,
    );
    writeFileSync(join(bin, 'node'), `#!/bin/sh\nprintf "%s\\n" ${parts.join(' ')} "$@"\n`, { mode: 0o755 });
    const program = join(ROOT, 'bin', name);
    const lines = (env: Record<string, string>) =>
      run(program, ['--env-file', 'a b', '', '*'], { PATH: `${bin}:/usr/bin:/bin`, ...env }).stdout.split(
        '\n',
      );
    const all = lines({});
    expect(all.slice(0, 2)).toEqual(['unset', 'unset']);
    expect(all.slice(all.indexOf('--'))).toEqual(['--', program, '--env-file', 'a b', '', '*', '']);
    expect(lines({ NODE_EXTRA_CA_CERTS: '/ca' }).slice(0, 2)).toEqual(['unset', '/ca']);
  });
});
