import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute, TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const context = path.join(sandbox.dir, 'context');
beforeAll(() => {
  mkdirSync(context);
  const file = (name: string, text: string) => writeFileSync(path.join(context, name), text);
  file('Dockerfile', 'ARG V=1\nFROM busybox:$V AS app\nRUN --mount=type=secret,id=k true\nCMD ["sh"]\n');
  file('warned', 'FROM busybox\nMAINTAINER me\n');
  file('wrong', 'FROM busybox\nRNU a\nCOPY --form=x a b\n');
});
afterAll(() => sandbox.close());

const build = (...args: string[]) => sandbox.tinyrun(['build', ...args], { cwd: context });

describe('build --check', () => {
  test('of what is sound ends with 0, whatever else stands on the line', async () => {
    const result = await build('--check', '-t', 'x', '--no-cache', '--pull', '--secret', 'id=k', '-q', '.');
    expect(result).toMatchObject({ code: 0, stdout: 'Check complete, no warnings found.\n', stderr: '' });
  });

  test('of what is unwise tells it and ends with 1', async () => {
    const { code, stdout, stderr } = await build('--call', 'check', '-f', 'warned', '.');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(
      /^Check complete, 1 warning has been found!\n\nWARNING: MaintainerDeprecated - https:/,
    );
    expect(stdout).toContain('   2 | >>> MAINTAINER me\n');
  });

  test('of what is wrong shows all of it with its places', async () => {
    const { code, stdout, stderr } = await build('--check', '-f', 'wrong', '.');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('wrong:2:1: unknown instruction: RNU (did you mean RUN?)\n  RNU a\n  ^^^\n');
    expect(stderr).toContain('wrong:3:6: unknown flag: --form (did you mean --from?)\n');
    expect(stderr).toContain('tinyrun: wrong has 2 errors\nhint: ');
  });

  test('as data', async () => {
    const { code, stdout } = await build('--call', 'check,format=json', '-f', 'warned', '.');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [
        { ruleName: 'MaintainerDeprecated', location: { ranges: [{ start: { line: 2, character: 0 } }] } },
      ],
      sources: [{ filename: 'warned', language: 'Dockerfile' }],
    });
  });

  test('reads standard input', async () => {
    const check = 'printf "FROM scratch\\nFROM\\n" | "$1" build --check -';
    const result = await execute('sh', ['-c', check, 'sh', TINYRUN], { cwd: context });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('Dockerfile:2:1: FROM requires either one or three arguments');
  });
});

test('build --call outline and targets', async () => {
  expect((await build('--call', 'outline', '--build-arg', 'V=2', '.')).stdout).toBe(
    'TARGET: app\n\nBUILD ARG   VALUE   DESCRIPTION\nV           2       \n\nSECRET   REQUIRED\nk        \n\n',
  );
  expect((await build('--call', 'targets', '--format', 'json', '.')).stdout).toContain('"default": true');
  const missing = await build('--call', 'outline', '--target', 'ap', '.');
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr).toContain('target stage "ap" could not be found (did you mean app?)');
});

test('flags that cannot be read end with 125, a build with what there is instead', async () => {
  expect((await build('--call', 'frob', '.')).code).toBe(125);
  expect((await build('--call', 'check,format=xml', '.')).code).toBe(125);
  const planned = await build('-t', 'x', '.');
  expect(planned).toMatchObject({ code: 1, stdout: '' });
  expect(planned.stderr).toMatch(/^tinyrun: build is not there yet\nhint: /);
});
