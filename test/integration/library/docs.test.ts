// Every example of the public API, of README.md and docs/library.md, prints what it says.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { transform } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { moduleOf, pageExamples, printedBy, publicFunctions } from '../../../scripts/lib/examples.mjs';
import { createEngine } from '../../../src/library/engine.ts';
import { execute } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { type RegistryServer, startRegistry } from '../image/registry-server.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const LIBRARY = join(PROJECT, 'dist/index.mjs');
const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: sandbox.env.TINYRUN_ROOT, runRoot: sandbox.env.TINYRUN_RUN_ROOT });
let registry: RegistryServer;

beforeAll(async () => {
  await sandbox.layer();
  registry = await startRegistry();
  const app = `${registry.host}/app`;
  await engine.images.tag('busybox', app);
  await engine.images.push(app);
  await engine.images.remove(app);
});
afterAll(async () => {
  await registry?.close();
  await sandbox.close();
});

/** For a node of any age: `await using`, types. */
const compiled = async (source: string): Promise<string> =>
  (await transform(source, { loader: 'ts', target: 'node20', format: 'esm' })).code;

type Body = (
  console: { log(...values: unknown[]): void },
  load: (name: string) => Promise<unknown>,
) => Promise<void>;
const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => Body;

/** What an example prints, run in this process. */
async function printed(code: string): Promise<string[]> {
  const { imports, body } = moduleOf(code);
  const loads = imports.map((line) =>
    line.replace(/^import (.*) from ('[^']+');\n$/, (_, names: string, from: string) => {
      return `const ${names.replaceAll(' as ', ': ')} = await load(${from});\n`;
    }),
  );
  const source = (loads.join('') + body).replaceAll('localhost:5000', registry.host);
  const lines: string[] = [];
  const console = {
    log: (...values: unknown[]) =>
      void lines.push(
        format(...values)
          .trim()
          .replace(/\s+/g, ' '),
      ),
  };
  const load = async (name: string) => (await import(name === 'tinyrun' ? LIBRARY : name)) as unknown;
  await new AsyncFunction('console', 'load', await compiled(source))(console, load);
  return lines;
}

describe('TSDoc', () => {
  const before = { cwd: process.cwd(), root: process.env.TINYRUN_ROOT, run: process.env.TINYRUN_RUN_ROOT };
  beforeAll(() => {
    const cwd = join(sandbox.dir, 'cwd');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'package.json'), '{}');
    process.chdir(cwd);
    process.env.TINYRUN_ROOT = sandbox.env.TINYRUN_ROOT;
    process.env.TINYRUN_RUN_ROOT = sandbox.env.TINYRUN_RUN_ROOT;
  });
  afterAll(() => process.chdir(before.cwd));
  afterEach(async () => {
    const left = engine.list().map(({ record }) => record.name);
    for (const name of left) await engine.container(name).remove({ force: true });
    expect(left).toEqual([]);
    // names that an example gave
    for (const { tags } of await engine.images.list())
      for (const tag of tags.filter((name) => name !== 'busybox:latest'))
        await engine.images.remove(tag, { force: true });
  });

  const all = publicFunctions().flatMap(({ name, examples }) =>
    examples.map((code) => [name, code] as const),
  );
  it.each(all)('%s', async (_, code) => {
    const wanted = printedBy(code).map((text) => text.replace('localhost:5000', registry.host));
    expect(await printed(code)).toEqual(wanted);
  });
});

describe('README.md and docs/library.md', () => {
  it.concurrent.each(pageExamples())('$name', async ({ name, code, output }) => {
    const file = join(sandbox.dir, `${name}.mjs`);
    writeFileSync(file, (await compiled(code)).replace('"tinyrun"', JSON.stringify(LIBRARY)));
    const ended = await execute(process.execPath, [file], { env: sandbox.env });
    expect(ended).toEqual({ code: 0, stdout: output ?? '', stderr: '' });
  });
});
