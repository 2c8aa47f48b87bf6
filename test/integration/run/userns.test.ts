// --userns private: root in the container is nobody on the host, and the image's files are its own all the same.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idMapsOf } from '../../../src/engine/idmaps.ts';
import { hostFacts } from '../../../src/runtime/host.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const start = idMapsOf(hostFacts()).uidMappings[0]?.hostID ?? 0;

async function out(script: string, ...flags: string[]): Promise<string> {
  const args = ['run', '--rm', '--userns', 'private', ...flags, 'busybox', 'sh', '-c', script];
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('root of the container is a range of ids on the host', async () => {
  const [map] = (await out('cat /proc/self/uid_map')).split('\n');
  expect(map?.trim().split(/\s+/)).toEqual(['0', String(start), '65536']);
  expect(await out('id -u; id -g')).toBe('0\n0\n');
});

test('files of the image, of the runtime and new ones are its own', async () => {
  const script = 'touch /new; rm /bin/ls; stat -c %u:%g /bin/sh /etc/hosts /dev /new /';
  expect(await out(script)).toBe('0:0\n'.repeat(5));
  expect(await out('touch /etc/hosts && id -u', '-u', '0')).toBe('0\n');
  expect(await out('id -u; touch /tmp/x; stat -c %u /tmp/x', '-u', 'nobody')).toBe('65534\n65534\n');
});

test('what it wrote belongs to the range on disk, and the layers to root', async () => {
  const args = ['run', '--name', 'mapped', '--userns', 'private', 'busybox', 'touch', '/new'];
  expect((await sandbox.tinyrun(args)).code).toBe(0);
  const root = sandbox.env.TINYRUN_ROOT ?? '';
  const [id] = readdirSync(path.join(root, 'containers'));
  expect(statSync(path.join(root, 'containers', id ?? '', 'upper/new')).uid).toBe(start);
  expect((await sandbox.tinyrun(['rm', 'mapped'])).code).toBe(0);
});

test('its capabilities end at its own namespaces', async () => {
  // the mount is its own, the kernel setting the host's
  const script = 'mount -t tmpfs none /tmp 2>/dev/null || echo refused; echo 1 >/proc/sys/kernel/panic';
  const args = ['run', '--rm', '--userns', 'private', '--cap-add', 'ALL', 'busybox', 'sh', '-c', script];
  const { stdout, code } = await sandbox.tinyrun(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

test('--privileged and unknown modes are refused', async () => {
  for (const flags of [
    ['--privileged', '--userns', 'private'],
    ['--userns', 'keep'],
  ])
    expect((await sandbox.tinyrun(['run', '--rm', ...flags, 'busybox', 'true'])).code).toBe(125);
});
