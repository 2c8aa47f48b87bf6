// A container types nothing into the terminal that it was started from (CVE-2016-7545 and its like): what waits there is
// read by the shell once the container has ended.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execute, TINYRUN, TINYRUNC } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const program = path.join(sandbox.dir, 'typed');
beforeAll(async () => {
  const source = path.join(import.meta.dirname, 'typed.c');
  const { status, stderr } = spawnSync('gcc', ['-static', '-O1', '-o', program, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  await sandbox.layer();
});
afterAll(() => sandbox.close());

/** What a shell at a terminal reads after a command has ended. */
async function typedBy(command: string): Promise<{ tried: number; typed: string }> {
  const script = path.join(sandbox.dir, 'session.sh');
  writeFileSync(script, `stty -echo -icanon min 0 time 0\n${command}\necho "[$(head -c 100)]"\n`);
  const { stdout } = await execute('script', ['-qec', `bash ${script}`, '/dev/null'], { env: sandbox.env });
  return {
    tried: stdout.match(/tried/g)?.length ?? 0,
    // script(1) itself types the end of its own input, ^D
    typed: /\[(.*)\]/.exec(stdout)?.[1]?.replaceAll(/[^~]/g, '') ?? 'nothing was read',
  };
}

test('a process at the terminal itself can', async () => {
  expect((await typedBy(program)).typed).toMatch(/^~+$/);
});

test.each(['', '-i', '-i -t', '--userns private'])('run %s', async (flags) => {
  const run = (more: string) => `${TINYRUN} run --rm ${flags} ${more} -v ${program}:/typed:ro busybox /typed`;
  expect(await typedBy(`${run('')}\n${run('--cap-add SYS_ADMIN')}`)).toEqual({ tried: 2, typed: '' });
});

test('tinyrunc run and exec, which hand the terminal over as it is', async () => {
  const dir = sandbox.bundle(['/bin/sh', '-c', '/bin/typed; sleep 1000'], (_, rootfs) => {
    spawnSync('cp', [program, path.join(rootfs, 'bin/typed')]);
  });
  const id = path.basename(dir);
  const runc = `${TINYRUNC} --root ${sandbox.runcRoot}`;
  const session = `${runc} run -d -b ${dir} ${id}; ${runc} exec ${id} /bin/typed; ${runc} delete -f ${id}`;
  expect(await typedBy(session)).toEqual({ tried: 2, typed: '' });
});
