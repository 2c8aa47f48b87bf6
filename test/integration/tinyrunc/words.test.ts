// What the callers of an OCI runtime look for in its words, since the specification has no error codes. Their
// expressions, by project, and what tinyrunc says in the situation that each is for.
import { chmodSync, mkdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { until } from '../../support/programs.ts';
import { type MutableSpec, testSpec } from '../../support/spec.ts';

/** containerd's shim, checkKillError: the process is gone; anything else is an unknown error. */
const SHIM_GONE = /os: process already finished|container not running|[nN]o such process/;
/** The same, delete too; podman's state; hcsshim. */
const SHIM_NO_CONTAINER = /does not exist/;
/** Docker's wrapError: becomes "not found". */
const DOCKER_NOT_FOUND = /container does not exist|not found|no such container/;
/** BuildKit stops its loop of kills. */
const BUILDKIT_DEAD = /container not running/;
/** Docker, translateContainerdStartErr, where the message has the command; its client has 126 for a directory. */
const DOCKER_127 = /executable file not found|no such file or directory/i;
const DOCKER_126 = /permission denied|is a directory/i;
const DOCKER_MOUNT = /not a directory/i;
/** podman, getOCIRuntimeError; the first that fits counts. */
const PODMAN_126 = /permission denied|operation not permitted/i;
const PODMAN_127 = /executable file not found in|no such file or directory|open executable/i;
/** hcsshim, parseRuncError. */
const HCS_EXISTS = /container with id exists|container with given ID already exists/;
const HCS_BAD_ID = /invalid id format|invalid container ID format/;
const HCS_NOT_STOPPED = /container.*that is not stopped/;
/** podman's own tests, nerdctl's and faasd's. */
const STOPPED = /cannot start a container that has stopped/;

const bench = new Bench();
let running: string;
let stopped: string;
beforeAll(async () => {
  running = bench.create(testSpec(['sleep', '1000']));
  bench.ok(['start', running]);
  stopped = bench.create(testSpec(['true']));
  bench.ok(['start', stopped]);
  await until(() => bench.state(stopped).status === 'stopped');
});
afterAll(() => bench.dispose());

/** What shims and conmon read: the last line of the log, in JSON. */
function told(args: readonly string[]): string {
  const log = join(bench.dir, 'log.json');
  writeFileSync(log, '');
  const { status } = bench.run(args, { global: ['--log-format', 'json', '--log', log] });
  expect(status).not.toBe(0);
  const { level, msg } = JSON.parse(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '');
  expect(level).toBe('error');
  return msg;
}

const nobody = 'no-such-container';
describe('of a container', () => {
  test.each<[string, () => string[], readonly RegExp[]]>([
    ...'state start pause resume kill delete ps events'
      .split(' ')
      .map((verb): [string, () => string[], RegExp[]] => [
        `that is not there: ${verb}`,
        () => [verb, nobody],
        [SHIM_NO_CONTAINER, DOCKER_NOT_FOUND],
      ]),
    ['that is not there: exec', () => ['exec', nobody, 'true'], [SHIM_NO_CONTAINER, DOCKER_NOT_FOUND]],
    ['that has ended: kill', () => ['kill', stopped, 'KILL'], [SHIM_GONE, BUILDKIT_DEAD]],
    ['that has ended: start', () => ['start', stopped], [STOPPED]],
    ['that has ended: pause', () => ['pause', stopped], [SHIM_GONE]],
    ['that has ended: update', () => ['update', '--pids-limit', '9', stopped], [SHIM_GONE]],
    ['that has ended: exec', () => ['exec', stopped, 'true'], [/cannot exec in a stopped container/]],
    ['that runs: start', () => ['start', running], [/cannot start an already running container/]],
    ['that runs: delete', () => ['delete', running], [HCS_NOT_STOPPED]],
    ['that runs: resume', () => ['resume', running], [/container not paused/]],
    ['whose id is in use', () => ['create', '-b', bench.bundle(testSpec(['true'])), running], [HCS_EXISTS]],
    ['whose id is none', () => ['create', '-b', bench.dir, 'a b'], [HCS_BAD_ID]],
    [
      'in a cgroup above its own',
      () => ['exec', '--cgroup', '..', running, 'true'],
      [/ \.\. is not a sub cgroup path/],
    ],
  ])('%s', (_, args, wanted) => {
    const message = told(args());
    for (const words of wanted) expect(message).toMatch(words);
    if (!wanted.includes(SHIM_NO_CONTAINER)) expect(message).not.toMatch(SHIM_NO_CONTAINER);
  });
});

/** The code that podman and Docker make of a message about a program. */
function codes(message: string, program: string): { podman: number; docker: number } {
  const podman = PODMAN_126.test(message) ? 126 : PODMAN_127.test(message) ? 127 : 125;
  const isAboutIt = message.toLowerCase().includes(program);
  const docker = DOCKER_126.test(message) ? 126 : isAboutIt && DOCKER_127.test(message) ? 127 : 125;
  return { podman, docker };
}

describe('of a program', () => {
  const FILES = { text: 'not a program', script: '#!/nope\n' };
  /** A bundle with programs that are none; `change` names the one to run, or what else is wrong. */
  function bundle(change: (spec: MutableSpec) => void): string {
    const dir = bench.bundle(testSpec(['true'], change));
    for (const [name, text] of Object.entries(FILES)) {
      writeFileSync(join(dir, 'rootfs/bin', name), text);
      chmodSync(join(dir, 'rootfs/bin', name), 0o755);
    }
    writeFileSync(join(dir, 'rootfs/bin/plain'), '');
    mkdirSync(join(dir, 'rootfs/dir'));
    return dir;
  }
  const run = (change: (spec: MutableSpec) => void) => told(['run', '-b', bundle(change), bench.id()]);
  const program = (name: string) =>
    run((spec) => {
      if (spec.process) spec.process.args = [name];
    });

  it.each([
    ['nope', 'exec: "nope": executable file not found in $PATH', 127],
    ['plain', 'exec: "plain": executable file not found in $PATH', 127],
    ['/nope', 'exec: "/nope": stat /nope: no such file or directory', 127],
    ['/bin/script', 'exec /bin/script: no such file or directory', 127],
    ['/bin/plain', 'exec: "/bin/plain": permission denied', 126],
    ['/dir', 'exec: "/dir": permission denied', 126],
    ['/bin/text', 'exec /bin/text: exec format error', 125],
  ])('%s', (name, words, code) => {
    const message = program(name);
    expect(message).toContain(words);
    expect(codes(message, name)).toEqual({ podman: code, docker: code });
  });

  it.each(['nope', '/nope'])('%s, by exec', (name) => {
    expect(codes(told(['exec', running, name]), name)).toEqual({ podman: 127, docker: 127 });
  });

  const mounting = (source: string, destination: string) =>
    run((spec) => void spec.mounts?.push({ source, destination, type: 'bind', options: ['bind'] }));

  it('a directory over a file and a file over a directory', () => {
    expect(mounting('/tmp', '/bin/true')).toMatch(DOCKER_MOUNT);
    expect(mounting('/etc/passwd', '/dir')).toMatch(DOCKER_MOUNT);
    expect(mounting('/nope/nope', '/dir')).toMatch(PODMAN_127);
  });

  it('a hook that is not there, and a root', () => {
    const hook = run((spec) => {
      spec.hooks = { createRuntime: [{ path: '/nope' }] };
    });
    expect(hook).toContain(
      'error running createRuntime hook #0 (/nope): fork/exec /nope: no such file or directory',
    );
    const root = run((spec) => {
      spec.root = { path: 'nope' };
    });
    expect(root).toMatch(PODMAN_127);
  });

  it('procfs over what is no plain directory', () => {
    const dir = bundle((spec) => {
      spec.mounts = [{ destination: '/proc', type: 'proc', source: 'proc' }];
    });
    rmdirSync(join(dir, 'rootfs/proc'));
    symlinkSync('dir', join(dir, 'rootfs/proc'));
    expect(told(['run', '-b', dir, bench.id()])).toContain('must be mounted on ordinary directory');
  });
});
