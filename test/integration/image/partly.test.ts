// Several at a time, of which one fails: what was done is said, what was not, and the exit code is 1.
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { execute, type Result, TINYRUN } from '../../support/programs.ts';
import { archive } from './archives.ts';
import { digestOf, type FaultyRegistry, startFaultyRegistry } from './faulty-registry.ts';

let registry: FaultyRegistry;
let dir: string;
const at = (...names: string[]) => join(dir, ...names);
beforeEach(async () => {
  registry = await startFaultyRegistry();
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-partly-'));
});
afterEach(async () => {
  await registry.close();
  rmSync(dir, { recursive: true });
});

const run = (...args: string[]): Promise<Result> =>
  execute(TINYRUN, ['--data-root', at('data'), '--run-root', at('run'), ...args]);
const names = async () =>
  (await run('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout.split('\n').slice(0, -1);
const refuse = (end: string, status: number, method = 'GET') =>
  registry.faults.set(end, (request, response) => {
    if (request.method !== method) return false;
    response.writeHead(status).end();
    return true;
  });

test('load: an archive whose second image is broken', async () => {
  const layer = await archive([{ name: 'file', body: 'x' }]);
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
  const good = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs });
  const bad = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { ...rootfs, diff_ids: [digestOf('other')] },
  });
  const images = ['good', 'also', 'bad', 'never'].map((name) => ({
    Config: name === 'bad' ? 'bad.json' : 'good.json',
    RepoTags: [`${name}:1`],
    Layers: ['layer.tar'],
  }));
  const entries = [
    { name: 'good.json', body: good },
    { name: 'bad.json', body: bad },
    { name: 'layer.tar', body: layer },
    { name: 'manifest.json', body: JSON.stringify(images) },
  ];
  writeFileSync(at('a.tar'), await archive(entries));
  const { code, stdout, stderr } = await run('load', '-i', at('a.tar'));
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'Loaded image: good:1\nLoaded image: also:1\n' });
  expect(stderr).toMatch(/^tinyrun: .*\nhint: loaded before it: good:1, also:1; it and the rest were not\n$/);
  expect(await names()).toEqual(['also:1', 'good:1']);
  // nothing was done: the hint is that of the cause
  writeFileSync(
    at('b.tar'),
    await archive([...entries.slice(0, 3), { name: 'manifest.json', body: JSON.stringify(images.slice(2)) }]),
  );
  expect((await run('load', '-i', at('b.tar'))).stderr).toContain('nothing was stored');
});

test('pull -a and push -a: the second of three tags is refused', async () => {
  const name = `${registry.host}/x`;
  registry.faults.set('tags/list', (_, response) => {
    response.writeHead(200).end('{"name":"x","tags":["1","2","3"]}');
    return true;
  });
  refuse('manifests/2', 404);
  for (const quiet of [[], ['-q']]) {
    const { code, stderr } = await run('pull', '-a', ...quiet, name);
    expect(code).toBe(1);
    expect(stderr).toContain(`hint: pulled before it: ${name}:1; it and the rest were not\n`);
    expect(await names()).toEqual([`${name}:1`]);
  }
  for (const tag of ['2', '3']) await run('tag', `${name}:1`, `${name}:${tag}`);
  refuse('manifests/2', 403, 'PUT');
  registry.faults.set('manifests/1', (request, response) => {
    if (request.method !== 'PUT') return false;
    response.writeHead(201).end();
    return true;
  });
  for (const quiet of [[], ['-q']]) {
    const { code, stdout, stderr } = await run('push', '-a', ...quiet, name);
    expect(code).toBe(1);
    expect(stdout.match(/^\d: digest/gm) ?? []).toEqual(quiet.length > 0 ? [] : ['1: digest']);
    expect(stderr).toContain(`hint: pushed before it: ${name}:1; it and the rest were not\n`);
  }
});

test('rmi, rm, kill and save of several', async () => {
  await run('pull', '-q', `${registry.host}/x:1`);
  for (const tag of ['a', 'b', 'c']) await run('tag', `${registry.host}/x:1`, tag);
  const rmi = await run('rmi', 'a', 'nosuch', 'b');
  expect(rmi).toMatchObject({ code: 1, stdout: 'Untagged: a:latest\nUntagged: b:latest\n' });
  expect(rmi.stderr).toContain('tinyrun: no such image: nosuch\n');
  expect(await names()).toEqual([`${registry.host}/x:1`, 'c:latest']);
  // an archive is there whole, or not at all
  expect(await run('save', '-o', at('out.tar'), 'c', 'nosuch')).toMatchObject({ code: 1, stdout: '' });
  const blobs = at('data/images/blobs/sha256');
  const { layerDigest } = registry.image;
  rmSync(join(blobs, layerDigest.slice(7)));
  const saved = await run('save', '-o', at('out.tar'), 'c');
  expect(saved).toMatchObject({ code: 1, stderr: expect.stringContaining(`layer ${layerDigest} of`) });
  expect(readdirSync(dir).sort()).toEqual(['data', 'run']);
  await run('run', '--name', 'one', 'busybox', 'true');
  await run('run', '--name', 'two', 'busybox', 'true');
  const kill = await run('kill', 'one', 'nosuch', 'two');
  expect(kill).toMatchObject({ code: 1, stdout: '' });
  expect(kill.stderr.match(/^tinyrun: .*/gm)).toHaveLength(3);
  const rm = await run('rm', 'one', 'nosuch', 'two');
  expect(rm).toMatchObject({ code: 1, stdout: 'one\ntwo\n' });
  expect(rm.stderr).toMatch(/^tinyrun: no such container: nosuch\nhint: .*\n$/);
});

test('rmi and prune: the names are gone, though what they leave behind cannot be removed', async () => {
  await run('pull', '-q', `${registry.host}/x:1`);
  const stuck = at('data/images/blobs/sha256', 'f'.repeat(64));
  mkdirSync(stuck);
  const rmi = await run('rmi', `${registry.host}/x:1`);
  expect(rmi.code).toBe(1);
  expect(rmi.stdout).toMatch(/^Untagged: .*\nUntagged: .*\nDeleted: sha256:/);
  expect(rmi.stderr).toContain(stuck);
  rmdirSync(stuck);
  await run('pull', '-q', `${registry.host}/x:1`);
  mkdirSync(stuck);
  const prune = await run('image', 'prune', '-af');
  expect(prune.code).toBe(1);
  expect(prune.stdout).toMatch(
    /^Deleted Images:\nuntagged: .*\nuntagged: .*\ndeleted: sha256:.*\n\nTotal reclaimed space: 0B\n$/,
  );
  expect(prune.stderr).toContain(stuck);
  expect(await names()).toEqual([]);
  rmdirSync(stuck);
  expect((await run('image', 'prune', '-f')).stdout).toMatch(/^Total reclaimed space: 1\.\d+MB\n$/);
});
