// What `system df` counts of containers: the bytes they wrote, whatever they do meanwhile.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const df = async (...args: string[]) => (await sandbox.tinyrun(['system', 'df', ...args])).stdout;

test('hard links count once, links to elsewhere are not followed, a damaged container is told and left out', async () => {
  const script =
    'head -c 10000 /dev/zero >/f; ln /f /g; mkdir -p /d; ln -s /usr /d/l; ln -s ../../../.. /d/m';
  await sandbox.tinyrun(['run', '--name', 'writer', 'busybox', 'sh', '-c', script]);
  const id = (await sandbox.tinyrun(['ps', '-aq', '--no-trunc'])).stdout.trim();
  expect(await df('--format', '{{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}')).toMatch(
    /\n1 0 10.02kB 10.02kB \(100%\)\n/,
  );
  expect(await df('-v', '--format', '{{range .Containers}}{{.Names}} {{.Size}}{{end}}')).toBe('writer 10kB');
  expect(await df('-v', '--format', '{{(index .Images 0).Containers}}')).toBe('1');

  writeFileSync(path.join(sandbox.dir, 'data/containers', id, 'container.json'), '{');
  const damaged = await sandbox.tinyrun(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}']);
  expect(damaged).toMatchObject({ code: 0, stdout: expect.stringContaining('Containers 0\n') });
  expect(damaged.stderr).toContain(id);
  expect((await sandbox.tinyrun(['rm', '--force', id])).code).toBe(0);
});

test('what the engine puts into every container is none of its bytes; what it puts there instead is', async () => {
  const size = async (script: string) => {
    const name = `size${script.length}`;
    await sandbox.tinyrun(['run', '--name', name, 'busybox', 'sh', '-c', script]);
    const { stdout } = await sandbox.tinyrun([
      'ps',
      '-as',
      '--filter',
      `name=${name}`,
      '--format',
      '{{.Size}}',
    ]);
    await sandbox.tinyrun(['rm', name]);
    return stdout.replace(/ \(virtual .*\n/, '');
  };
  expect(await size('readlink /etc/mtab')).toBe('0B');
  expect(await size('ln -sf 12345 /etc/mtab')).toBe('5B');
  expect(
    await size('rm /etc/mtab; printf 123 >/etc/mtab; mkdir -p /x/etc; ln -s /proc/mounts /x/etc/mtab'),
  ).toBe('15B');
});
