// Many at once: nobody gets in another's way, and nothing stays.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from '../support/sandbox.ts';

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
  const fifo = path.join(sandbox.dir, 'fifo');
  spawnSync('mkfifo', [fifo]);
  // who wins has the name until all others have ended
  let others = 0;
  let end = () => {};
  const alone = new Promise<void>((resolve) => {
    end = resolve;
  });
  const running = many(20, async () => {
    const result = await sandbox.sh(['--name', 'only', '-v', `${fifo}:/fifo`], 'cat /fifo; echo won');
    if (result.code !== 0 && ++others === 19) end();
    return result;
  });
  await alone;
  writeFileSync(fifo, '');
  const results = await running;
  expect(results.filter(({ code }) => code === 0)).toMatchObject([{ stdout: 'won\n', stderr: '' }]);
  for (const { code, stderr } of results.filter((each) => each.code !== 0)) {
    expect(stderr).toMatch(/^tinyrun: .*name .*only.* in use/);
    expect(code).toBe(125);
  }
  expect(left()).toEqual([]);
});
