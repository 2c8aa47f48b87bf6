// examples/vitest, as somebody who has installed the package runs it.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { execute } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const PROJECT = join(import.meta.dirname, '../../..');
/** What of the package it needs; a link to it would not be taken for a package. */
const INSTALLED = ['package.json', 'dist', 'build/Release/tinyrun.node', 'rootfs-fixtures/out/busybox'];

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

it('its tests pass, and leave nothing', async () => {
  const dir = join(sandbox.dir, 'example');
  cpSync(join(PROJECT, 'examples/vitest'), dir, { recursive: true });
  for (const file of INSTALLED) {
    const filter = (path: string) => !/\/dist\/(?:cache|types)$|\.map$/.test(path);
    cpSync(join(PROJECT, file), join(dir, 'node_modules/tinyrun', file), { recursive: true, filter });
  }
  mkdirSync(join(dir, 'node_modules'), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules/vitest'), join(dir, 'node_modules/vitest'));
  const env = { ...sandbox.env, NO_COLOR: '1' };
  const { VITEST: _, NODE_ENV: __, ...own } = env as NodeJS.ProcessEnv;
  const ended = await execute(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: dir,
    env: own,
  });
  expect(ended).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Test Files +2 passed[\s\S]*Tests +5 passed/),
  });
  expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
  expect((await sandbox.tinyrun(['volume', 'ls', '-q'])).stdout).toBe('');
});
