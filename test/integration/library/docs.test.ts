// The examples of docs/library.md print what stands below them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { execute } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const TEXT = readFileSync(join(PROJECT, 'docs/library.md'), 'utf8');
const BLOCKS = /## ([^\n]*)\n|```js\n(.*?)```\n```text\n(.*?)```\n/gs;

function* examples(): Generator<[title: string, code: string, output: string]> {
  let [title, count] = ['', 0];
  for (const [, heading, code, output = ''] of TEXT.matchAll(BLOCKS)) {
    title = heading ?? title;
    if (code !== undefined) yield [`${++count}. ${title}`, code, output];
  }
}

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

it('all are found', () => expect([...examples()]).toHaveLength(TEXT.split('```js').length - 1));

it.concurrent.each([...examples()])('%s', async (title, code, output) => {
  const file = join(sandbox.dir, `${title}.mjs`);
  writeFileSync(file, code.replace("'tinyrun'", JSON.stringify(join(PROJECT, 'dist/index.mjs'))));
  const ended = await execute(process.execPath, [file], { env: sandbox.env });
  expect(ended).toEqual({ code: 0, stdout: output, stderr: '' });
});
