// Many at once: nobody gets in another's way, and nothing stays.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from '../security/support.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

function left(): string[] {
  return ['run/containers', 'data/containers', 'data/names']
    .map((name) => path.join(sandbox.dir, name))
    .flatMap((dir) => (existsSync(dir) ? readdirSync(dir).map((name) => path.join(dir, name)) : []));
}

const many = <T>(n: number, call: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, i) => call(i)));

test.each([1, 10, 100])('%d run --rm at once', async (n) => {
  const results = await many(n, (i) => sandbox.sh([], `echo ${i}`));
  expect(results.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }))).toEqual(
    Array.from({ length: n }, (_, i) => ({ code: 0, stdout: `${i}\n`, stderr: '' })),
  );
  expect(left()).toEqual([]);
});

test('10 first runs at once: the image is unpacked by one of them', async () => {
  const own = new Sandbox();
  const results = await many(10, () => own.sh([], 'echo hello'));
  await own.close();
  expect(results.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
    Array(10).fill({ code: 0, stdout: 'hello\n' }),
  );
});

test('the same name 20 times: one winner, the rest are told', async () => {
  const results = await many(20, () =>
    sandbox.sh(['--name', 'only'], 'read line; echo won', { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  const codes = results.map(({ code }) => code);
  // Standard input is not kept open without -i, so the winner ends by itself and a later one may win after it.
  expect(codes.filter((code) => code !== 0 && code !== 1 && code !== 125)).toEqual([]);
  for (const { code, stderr } of results)
    if (code === 125) expect(stderr).toMatch(/name .*only.* (is )?(already )?in use/i);
  expect(codes.some((code) => code !== 125)).toBe(true);
  expect(left()).toEqual([]);
});
