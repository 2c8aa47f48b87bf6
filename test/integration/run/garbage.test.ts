// What a crash left is taken back; what nobody uses is pruned, in Docker's words.
import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

const ours = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};
const data = (...names: string[]) => path.join(sandbox.dir, 'data', ...names);

test('system gc tells what a crash left, and takes it back', async () => {
  await ours('run', '-d', '--name', 'lost', 'busybox', 'sleep', '1000');
  await ours('run', '-d', '--name', 'lives', 'busybox', 'sleep', '1000');
  await ours('create', '--name', 'kept', 'busybox', 'true');
  // cgroups are those of every root of this host
  const mine = (list: { kind: string; path: string }[]) =>
    list.filter((one) => one.kind !== 'cgroup').map((one) => [one.kind, one.path]);
  expect(mine(JSON.parse(await ours('system', 'gc', '--json')))).toEqual([]);
  expect(await ours('system', 'gc')).toBe('nothing is left of a crash\n');

  const { Id, State } = JSON.parse(await ours('inspect', 'lost'))[0];
  const status = readFileSync(`/proc/${State.Pid}/status`, 'utf8');
  const id = 'f'.repeat(64);
  mkdirSync(data('containers', id, 'upper'), { recursive: true });
  symlinkSync('e'.repeat(64), data('names/nobody'));
  mkdirSync(data('images/ingest/commit-x'));
  writeFileSync(data('images/blobs/sha256', 'a'.repeat(64)), 'xyz');
  const [old, young] = [data('.tmp-old'), data('.tmp-young')];
  for (const file of [old, young]) writeFileSync(file, 'x');
  process.kill(Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]), 'SIGKILL');
  while (existsSync(`/proc/${State.Pid}/exe`)) await new Promise(setImmediate);

  const left = [
    ['container', path.join(sandbox.dir, 'run/containers', Id)],
    ['container', data('containers', id)],
    ['name', data('names/nobody')],
    ['image', data('images/blobs/sha256', 'a'.repeat(64))],
    ['image', data('images/ingest/commit-x')],
  ];
  const found = JSON.parse(await ours('system', 'gc', '--dry-run', '--json'));
  expect(mine(found)).toEqual(left);
  for (const [, file = ''] of left.slice(1, 2)) expect(existsSync(file)).toBe(true);
  expect(mine(JSON.parse(await ours('system', 'gc', '--json')))).toEqual(left);
  expect(existsSync(data('containers', id))).toBe(false);
  expect(existsSync(data('images/blobs/sha256', 'a'.repeat(64)))).toBe(false);
  // who writes it may still be there
  expect(existsSync(young)).toBe(true);
  expect(await ours('ps', '-a', '--format', '{{.Names}} {{.State}}')).toBe(
    'kept created\nlives running\nlost exited\n',
  );
  expect(await ours('run', '--rm', 'busybox', 'echo', 'whole')).toBe('whole\n');
  await ours('rm', '-f', 'lives', 'lost', 'kept');
  utimesSync(young, 0, 0);
});

test('system prune asks as Docker does, and prints what went by kind', async () => {
  const question = [
    'WARNING! This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    '  - all anonymous volumes not used by at least one container',
    '  - all dangling images',
    '',
    'Are you sure you want to continue? [y/N] ',
  ].join('\n');
  expect((await sandbox.tinyrun(['system', 'prune', '--volumes'])).stdout).toBe(question);
  const filtered = (await sandbox.tinyrun(['system', 'prune', '-a', '--filter', 'label=x'])).stdout;
  expect(filtered).toContain(
    'all images without at least one container associated to them\n\n  Items to be pruned will be filtered with:\n  - label=x\n\nAre you sure',
  );

  await ours('volume', 'create', 'named');
  const volume = (await ours('volume', 'create')).trim();
  await ours('create', '--name', 'goes', '-l', 'go=1', 'busybox', 'true');
  const goes = (await ours('ps', '-aq', '--no-trunc')).trim();
  await ours('create', '--name', 'stays', 'busybox', 'true');
  const image = (await ours('commit', '-c', 'LABEL go=1', 'stays')).trim();
  expect(await ours('system', 'prune', '-f', '--filter', 'label=go=1')).toMatch(
    new RegExp(
      `^Deleted Containers:\n${goes}\n\nDeleted Images:\ndeleted: ${image}\n\nTotal reclaimed space: [\\d.]+k?B\n$`,
    ),
  );
  expect(await ours('system', 'prune', '-f', '--volumes')).toMatch(
    new RegExp(
      `^Deleted Containers:\n\\w{64}\n\nDeleted Volumes:\n${volume}\n\nTotal reclaimed space: 0B\n$`,
    ),
  );
  expect(await ours('volume', 'ls', '-q')).toBe('named\n');
  const both = await sandbox.tinyrun(['system', 'prune', '-f', '--volumes', '--filter', 'until=1h']);
  expect(both.stderr).toContain('The "until" filter is not supported with "--volumes"');
  expect((await sandbox.tinyrun(['system', 'prune', '-f', '--filter', 'name=x'])).stderr).toContain(
    "invalid filter 'name'",
  );
});
