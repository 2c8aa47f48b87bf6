// What a person can get wrong: one line, what to do about it, the right exit code, nothing left behind.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { hostFacts } from '../../../src/runtime/host.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const list = (...names: string[]) => {
  const dir = path.join(sandbox.dir, ...names);
  return existsSync(dir) ? readdirSync(dir) : [];
};
afterEach(() => {
  expect(list('data/containers')).toEqual([]);
  expect(list('data/names')).toEqual([]);
  expect(list('run/containers')).toEqual([]);
});

const TRUE = ['busybox', 'true'];

test.each<[string[], number, RegExp, RegExp]>([
  [['rnu'], 1, /^unknown command: rnu$/, /^did you mean run or rm$|^did you mean run$/],
  [['frobnicate'], 1, /^unknown command: frobnicate$/, /--help/],
  [['run'], 1, /missing required argument 'image'/, /^usage: tinyrun run \[options\] IMAGE/],
  [
    ['compose', 'up', '--help'],
    1,
    /^compose is not there yet$/,
    /^tinyrun --help lists what this version can do$/,
  ],
  [['network', 'lss'], 1, /^unknown command: tinyrun network lss$/, /did you mean ls/],
  [['image', 'build', '.'], 1, /^build is not there yet$/, /^tinyrun build --check/],
  [['run', '-p', '80:x', ...TRUE], 125, /^--publish "80:x": invalid containerPort: x$/, /8080:80/],
  [['run', '-p', '80-81:1-3', ...TRUE], 125, /invalid ranges specified for container and host Ports/, /./],
  [['run', '--ip=1.2.3', '--network=w', ...TRUE], 125, /^--ip: invalid IPv4 address: 1\.2\.3$/, /./],
  [['run', '--ip=1.2.3.4', ...TRUE], 125, /^--ip: user specified IP address is supported on user/, /./],
  [['run', '--network=host', '--link=a', ...TRUE], 125, /can't be used with links/, /network ls/],
  [['run', '--network=container:a', '-p80', ...TRUE], 125, /port publishing and the container type/, /./],
  [['run', '--link-local-ip=::1', ...TRUE], 125, /^--link-local-ip: addresses of the link alone/, /--ip6/],
  [
    ['run', '--runtime', 'x', ...TRUE],
    125,
    /^--runtime "x": tinyrun runs containers itself$/,
    /^tinyrunc is/,
  ],
  [['run', '-v', 'na%med:/x', ...TRUE], 125, /includes invalid characters for a local volume name/, /./],
  [['run', '--mount', 'type=volume,volume-driver=x,dst=/x', ...TRUE], 125, /plugin "x" not found/, /./],
  [['ps', '--filter', 'status=bogus'], 1, /^invalid filter 'status=bogus'$/, /created, running/],
  [['ps', '-n', 'x'], 125, /--last.*'x'/, /^tinyrun ps --help/],
  [['load', '-i', '/no/such.tar'], 1, /^open \/no\/such.tar: no such file or directory$/, /must exist/],
  [
    ['load', '-i', '/etc/passwd'],
    1,
    /^not an image archive, or a damaged one: /,
    /tinyrun|docker save|import/,
  ],
  [['import', '/etc'], 1, /^read \/etc: is a directory$/, /tar -C \/etc/],
  [['tag', 'busybox'], 1, /missing required argument/, /^usage: tinyrun tag /],
  [['rmi', '--frob'], 125, /^unknown flag: --frob$/, /^tinyrun rmi --help/],
  [['push', `busybox@sha256:${'0'.repeat(64)}`], 1, /^cannot push a digest reference$/, /tinyrun tag/],
  [['run', '--memroy', '5m', ...TRUE], 125, /^unknown flag: --memroy$/, /^did you mean --memory$/],
  [['run', '--frobnicate', ...TRUE], 125, /^unknown flag: --frobnicate$/, /^tinyrun run --help/],
  [['ps', '--al'], 125, /^unknown flag: --al$/, /^did you mean --all$/],
  [['run', '--pull', 'never', 'nothere'], 125, /^no such image: nothere/, /./],
  [['run', 'Upper', 'true'], 125, /lowercase/, /NAME\[:TAG\]/],
  [['run', 'busybox:a:b', 'true'], 125, /invalid reference/, /NAME\[:TAG\]/],
  [['run', '-m', 'lots', ...TRUE], 125, /^--memory "lots": not a size$/, /64m/],
  [['run', '-m', '1m', ...TRUE], 125, /minimum memory limit allowed is 6MB/, /6m/],
  [['run', '--cpus', 'x', ...TRUE], 125, /^--cpus "x"/, /./],
  [
    ['run', '--env-file', '/nonexistent', ...TRUE],
    125,
    /^--env-file \/nonexistent: ENOENT: no such file or directory$/,
    /KEY=VALUE/,
  ],
  [
    ['run', '--env-file', '/proc', ...TRUE],
    125,
    /^--env-file \/proc: EISDIR: illegal operation on a directory$/,
    /KEY=VALUE/,
  ],
  [['run', 'busybox', 'nothere'], 127, /"nothere": executable file not found in \$PATH$/, /PATH/],
  [['run', 'busybox', '/bin/nothere'], 127, /no such file or directory$/, /./],
  [['run', 'busybox', '/etc/passwd'], 126, /"\/etc\/passwd": permission denied$/, /executable bit/],
  [['run', 'busybox', '/etc'], 126, /"\/etc": /, /./],
  [['run', '-w', '/etc/passwd', ...TRUE], 125, /\/etc\/passwd: .*ENOTDIR/, /a file of the image lies there/],
  [['run', '-u', 'nosuch', ...TRUE], 125, /^user nosuch: no matching entry/, /passwd/],
  [['run', '--name', '../x', ...TRUE], 125, /not a container name/, /letters/],
  [['run', '--cap-add', 'FLY', ...TRUE], 125, /^--cap-add "FLY": unknown capability$/, /capabilities\(7\)/],
  [['run', '--network', 'nowhere', ...TRUE], 125, /network nowhere not found/, /network ls/],
  [['run', '--pid', 'container:nobody', ...TRUE], 125, /container:nobody: no such container/, /tinyrun ps/],
  [['run', '--sysctl', 'kernel.core_pattern=x', ...TRUE], 125, /it would change the host/, /./],
  [['run', '--security-opt', 'seccomp=/nonexistent', ...TRUE], 125, /cannot read the profile/, /./],
  [['run', '--pull', 'sometimes', ...TRUE], 125, /--pull.*sometimes/, /./],
  [['run', '--entrypoint', '', 'busybox'], 125, /^no command given/, /tinyrun run IMAGE COMMAND/],
  [['run', '-v', '/a:/proc/x', ...TRUE], 125, /\/proc\/x/, /./],
  [['help', 'rnu'], 1, /^unknown command: rnu$/, /^did you mean run$/],
  [['image', 'lss'], 1, /^unknown command: tinyrun image lss$/, /^did you mean ls$/],
  [['--data-root', '/dev/null/x', 'run', ...TRUE], 125, /ENOTDIR/, /a part of the path is a file/],
  [['kill', 'nobody'], 1, /^no such container: nobody$/, /tinyrun ps -a/],
  [['rm', 'nobody'], 1, /^no such container: nobody$/, /tinyrun ps -a/],
  [['rm', '-v', 'nobody'], 1, /^no such container: nobody$/, /tinyrun ps -a/],
  [['rm', '-fv', 'nobody'], 0, /^no such container: nobody$/, /tinyrun ps -a/],
  [['rmi', 'nothere'], 1, /^no such image: nothere/, /./],
  [['rmi', '-f', 'nothere'], 0, /^no such image: nothere/, /./],
  [['rmi', '-f', 'Upper'], 1, /lowercase/, /./],
  [['tag', 'busybox', `sha256:${'a'.repeat(64)}`], 1, /ambiguous tag using digest algorithm as name$/, /./],
  [['tag', 'busybox', `foo@sha256:${'a'.repeat(64)}`], 1, /a tag with a digest reference$/, /./],
  [['run', '--rm=maybe', ...TRUE], 125, /^--rm "maybe": not a boolean$/, /true and false/],
  [['run', '-it=maybe', ...TRUE], 125, /^-t "maybe": not a boolean$/, /true and false/],
  [['run', '--add-host', 'me:host-gateway', ...TRUE], 125, /no gateway leads to the host/, /--network host/],
  [['run', '--dns', '1.2.3', ...TRUE], 125, /IP address is not correctly formatted/, /./],
  [['run', '--stop-signal', 'FOO', ...TRUE], 125, /^--stop-signal "FOO": unknown signal$/, /kill -l/],
  [['run', '--cpus', '100000', ...TRUE], 125, /CPUs available$/, /./],
  [
    ['run', '--cpuset-cpus', '0,9999', ...TRUE],
    125,
    /requested CPUs are not available - requested 0,9999, available: 0/,
    /./,
  ],
  [
    ['run', '--cpuset-mems', '999', ...TRUE],
    125,
    /requested memory nodes are not available - requested 999, available: 0/,
    /./,
  ],
])('tinyrun %j', async (args, code, message, hint) => {
  const result = await sandbox.tinyrun(args);
  expect(result).toMatchObject({ code, stdout: '' });
  const [, said = '', advice = ''] = /^tinyrun: ([^\n]+)\nhint: ([^\n]+)\n$/.exec(result.stderr) ?? [];
  expect(said, result.stderr).toMatch(message);
  expect(advice).toMatch(hint);
});

test('inspect of what is not there: docker’s words, and its empty list', async () => {
  expect(await sandbox.tinyrun(['inspect', 'nosuch'])).toEqual({
    code: 1,
    stdout: '[]\n',
    stderr:
      'tinyrun: no such object: nosuch\nhint: tinyrun ps -a lists the containers, tinyrun images the images\n',
  });
  expect(await sandbox.tinyrun(['image', 'inspect', '-f', '{{.Id}}', 'nosuch'])).toMatchObject({
    code: 1,
    stdout: '\n',
    stderr: expect.stringMatching(/^tinyrun: no such image: nosuch\nhint: tinyrun images/),
  });
});

test('a registry that cannot be reached is not an image that is not there', async () => {
  const { code, stderr } = await sandbox.tinyrun(['run', 'localhost:1/nothere', 'true']);
  expect(code).toBe(125);
  expect(stderr).toMatch(
    /^Unable to find image 'localhost:1\/nothere:latest' locally\ntinyrun: cannot reach registry localhost:1.*\nhint: [^\n]+\n$/,
  );
  expect(stderr).not.toContain('no such image');
});

const onlyHybrid = hostFacts().cgroup.mode === 'hybrid';

// a limit that is silently not kept would be worse than none
test.skipIf(!onlyHybrid)(
  'on a hybrid host a limit whose controller is on v1 is refused by name',
  async () => {
    for (const [flag, value, controller] of [
      ['--memory', '64m', 'memory'],
      ['--cpus', '1', 'cpu'],
      ['--pids-limit', '10', 'pids'],
      ['--cpuset-cpus', '0', 'cpuset'],
    ] as const) {
      const { code, stderr } = await sandbox.tinyrun(['run', flag, value, ...TRUE]);
      expect(code).toBe(125);
      expect(stderr).toMatch(
        new RegExp(`controller ${controller} is not on cgroup v2.*v1.*\\nhint: boot with`),
      );
    }
  },
);

test('help: flags, examples, and nothing done', async () => {
  for (const verb of ['run', 'ps', 'kill', 'rm', 'inspect', 'completion']) {
    const { code, stdout, stderr } = await sandbox.tinyrun([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: tinyrun ${verb} `));
    expect(stdout).toMatch(/\nExamples:\n {2}\S/);
  }
  expect((await sandbox.tinyrun(['help', 'run'])).stdout).toMatch(/^Usage: tinyrun run /);
  expect((await sandbox.tinyrun([])).stdout).toMatch(/Commands:\n {2}run /);
  expect((await sandbox.tinyrun(['--version'])).stdout).toMatch(
    /^tinyrun version \d+\.\d+\.\d+, build [0-9a-f]{7,}\n$/,
  );
  expect((await sandbox.tinyrun(['-v'])).stdout).toMatch(/^tinyrun version /);
});
