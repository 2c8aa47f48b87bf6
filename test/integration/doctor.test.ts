// Doctor and `run` in places where containers cannot start: both name the step that fails and what mends it there.
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { execute, type Result, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

const PACKAGE = path.resolve(import.meta.dirname, '../..');
/** Of a host with a merged /usr; node may lie elsewhere. */
const PLACES = [...new Set(['/usr', PACKAGE, path.dirname(path.dirname(process.execPath))])];
const LINKS = ['bin', 'lib', 'lib64', 'sbin'];

/** `doctor` and `run`, each by the command line that `enter` makes of theirs. */
async function both(enter: (command: readonly string[]) => Promise<Result>) {
  const doctor = await enter(['doctor']);
  const run = await enter(['run', '--rm', '--network', 'none', '--pull', 'never', 'busybox', 'true']);
  return { doctor, run };
}

const ROOTS = ['--data-root', '/tmp/doctor/data', '--run-root', '/tmp/doctor/run'];

/** In a container of the image with the host's programs, given by `flags`. */
function inContainer(flags: readonly string[]) {
  const volumes = PLACES.flatMap((place) => ['-v', `${place}:${place}`]);
  const links = LINKS.flatMap((name) => ['-v', `/usr/${name}:/${name}`]);
  const own = ['--tmpfs', '/tmp:exec', '-e', `PATH=${process.env.PATH}`];
  return (command: readonly string[]) =>
    sandbox.tinyrun([
      'run',
      '--rm',
      ...flags,
      ...volumes,
      ...links,
      ...own,
      'busybox',
      TINYRUN,
      ...ROOTS,
      ...command,
    ]);
}

function inChroot(command: readonly string[]): Promise<Result> {
  const root = path.join(sandbox.dir, `chroot-${command[0]}`);
  for (const name of [...PLACES, '/proc', '/sys', '/dev', '/tmp'])
    mkdirSync(path.join(root, name), { recursive: true });
  for (const name of LINKS) symlinkSync(`usr/${name}`, path.join(root, name));
  const binds = [...PLACES, '/proc', '/sys', '/dev'].map((name) => `mount --rbind ${name} ${root}${name}`);
  const script = `${binds.join(' && ')} && exec chroot ${root} "$@"`;
  return execute('unshare', ['--mount', 'sh', '-ec', script, 'sh', TINYRUN, ...ROOTS, ...command]);
}

const inUserNamespace = (command: readonly string[]) =>
  execute('unshare', ['-Urm', TINYRUN, ...command], { env: sandbox.env });

describe.each<[string, (command: readonly string[]) => Promise<Result>, string, RegExp]>([
  ['a plain chroot', inChroot, 'container', /no mount point, as in a plain chroot/],
  ['a user namespace of one id', inUserNamespace, 'container', /maps too few ids/],
  ['a container', inContainer([]), 'root', /--privileged/],
  [
    'a container with CAP_SYS_ADMIN',
    inContainer(['--cap-add', 'SYS_ADMIN']),
    'container',
    /cgroups of this container are read-only/,
  ],
])('%s', (_, enter, check, remedy) => {
  test('doctor finds it, and run says the same', async () => {
    const { doctor, run } = await both(enter);
    expect(doctor.stdout).toMatch(new RegExp(`^✗ ${check} `, 'm'));
    expect(doctor.stdout).toMatch(remedy);
    expect(doctor.stdout).toContain('tinyrun run cannot work here');
    expect(doctor.code).toBe(1);
    expect(run.code).toBe(125);
    expect(run.stderr).toMatch(remedy);
    expect(run.stderr).not.toContain('doctor');
  });
});

test.each<[string, (command: readonly string[]) => Promise<Result>]>([
  ['this host', (command) => sandbox.tinyrun(command)],
  ['a privileged container', inContainer(['--privileged'])],
])('%s runs containers, and doctor says so', async (_, enter) => {
  const { doctor, run } = await both(enter);
  expect(doctor.stdout).toMatch(/^✔ container /m);
  expect(doctor.stdout).toContain('tinyrun run works here');
  expect({ code: run.code, stderr: run.stderr.replace(/^busybox: .*\n/, '') }).toEqual({
    code: 0,
    stderr: '',
  });
});
