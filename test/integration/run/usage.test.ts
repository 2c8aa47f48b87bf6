// What `system df` counts of containers: the bytes they wrote, whatever they do meanwhile.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from '../../security/support.ts';

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
    /\n1 0 10.03kB 10.03kB \(100%\)\n/,
  );
  expect(await df('-v', '--format', '{{range .Containers}}{{.Names}} {{.Size}}{{end}}')).toBe('writer 10kB');
  expect(await df('-v', '--format', '{{(index .Images 0).Containers}}')).toBe('1');

  writeFileSync(path.join(sandbox.dir, 'data/containers', id, 'container.json'), '{');
  const damaged = await sandbox.tinyrun(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}']);
  expect(damaged).toMatchObject({ code: 0, stdout: expect.stringContaining('Containers 0\n') });
  expect(damaged.stderr).toContain(id);
  expect((await sandbox.tinyrun(['rm', '--force', id])).code).toBe(0);
});
