// What an image says of itself, on a terminal: control characters are spelt out, whatever command shows them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { archive } from '../integration/image/archives.ts';
import { execute, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const TITLE = '\x1b]0;pwn\x07';
const CLIPBOARD = '\x1b]52;c;cm0gLXJm\x07';
const CONFIG = {
  os: 'linux',
  architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'] ?? process.arch,
  author: `A${TITLE}`,
  created: '2020-01-01T00:00:00Z',
  config: {
    Labels: { [`k${TITLE}`]: `v${CLIPBOARD}\u009b31m` },
    Cmd: ['/bin/true', `x${TITLE}\u009b5n`],
    WorkingDir: '/',
  },
  history: [
    { created: '2020-01-01T00:00:00Z', created_by: `RUN ${TITLE}\u009b2J`, comment: `c${CLIPBOARD}` },
  ],
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = new Sandbox();
  const layer = await archive([
    { name: `f${TITLE}\n\u009b`, body: 'x' },
    { name: 'bin/true', mode: 0o755, body: readFileSync('/bin/busybox') },
  ]);
  const config = JSON.stringify({ ...CONFIG, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } });
  const manifest = '[{"Config":"c.json","RepoTags":["esc:1"],"Layers":["l.tar"]}]';
  const image = await archive([
    { name: 'l.tar', body: layer },
    { name: 'c.json', body: config },
    { name: 'manifest.json', body: manifest },
  ]);
  writeFileSync(path.join(sandbox.dir, 'image.tar'), image);
  const { code, stderr } = await sandbox.tinyrun(['load', '-i', path.join(sandbox.dir, 'image.tar')]);
  if (code !== 0) throw new Error(stderr);
  await sandbox.tinyrun(['run', '--name', 'esc', 'esc:1']);
});
afterAll(async () => {
  await sandbox.tinyrun(['rm', '-f', 'esc']);
  await sandbox.close();
});

const OBEYED = /[^\P{Cc}\t\r\n]/u;

test.each([
  ['history', 'esc:1'],
  ['history', '--no-trunc', '--format', '{{.CreatedBy}} {{.Comment}}', 'esc:1'],
  ['inspect', 'esc:1'],
  ['image', 'inspect', '--format', '{{.Author}} {{.Config.Labels}}', 'esc:1'],
  ['image', 'inspect', '--format', '{{json .Config}}', 'esc:1'],
  ['image', 'tree', 'esc:1'],
  ['ps', '-a', '--no-trunc'],
  ['ps', '-a', '--format', '{{.Command}} {{.Labels}}'],
  ['inspect', 'esc'],
  ['run', '--rm', 'esc:1', `/no${TITLE}\u009b5n`],
  ['run', '--rm', '--explain', 'esc:1'],
])('%s %s %s', async (...args) => {
  const quoted = [TINYRUN, ...args].map((word) => `'${word}'`).join(' ');
  const { stdout } = await execute('script', ['-qec', quoted, '/dev/null'], {
    env: { ...sandbox.env, NO_COLOR: '1' },
  });
  expect(stdout).not.toMatch(OBEYED);
  expect(stdout).toMatch(/x1b|u001b|\\x9b|esc|docker/);
});

test('a template that a script reads has the bytes as they are, JSON of it none that a terminal obeys', async () => {
  const format = async (text: string) =>
    (await sandbox.tinyrun(['image', 'inspect', '--format', text, 'esc:1'])).stdout;
  expect(await format('{{.Author}}')).toBe(`A${TITLE}\n`);
  const json = await format('{{json .Config.Labels}}');
  expect(json).not.toMatch(OBEYED);
  expect(JSON.parse(json)).toEqual(CONFIG.config.Labels);
});
