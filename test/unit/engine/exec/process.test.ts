import { expect, test } from 'vitest';
import type { ContainerConfig, ExecConfig } from '../../../../src/engine/config/types.ts';
import { type Base, checkExec, processOfExec } from '../../../../src/engine/exec/process.ts';
import type { Spec } from '../../../../src/spec/types.ts';

const SPEC: Spec = {
  ociVersion: '1.2.0',
  process: {
    terminal: false,
    consoleSize: { height: 1, width: 2 },
    user: { uid: 0, gid: 0, umask: 0o022, additionalGids: [0, 10] },
    args: ['sleep'],
    env: ['PATH=/bin', 'HOSTNAME=h', 'A=1', 'HOME=/root'],
    cwd: '/srv',
    capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
  },
};
const ACCOUNTS = {
  passwd: 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/var/www:/bin/sh\n',
  group: 'www:x:34:\nextra:x:35:web\n',
  owner: 'container',
} as const;

const made = (
  config: Partial<ExecConfig>,
  base: Partial<Base> = {},
  container: Partial<ContainerConfig> = {},
) =>
  processOfExec(
    { args: ['true'], ...config },
    {
      spec: SPEC,
      container: { image: 'x', ...container },
      accounts: () => ACCOUNTS,
      imageEnv: () => [],
      held: ['CAP_KILL', 'CAP_SYS_ADMIN'],
      ...base,
    },
  );

test('without flags: the container’s own user, directory, limits and capabilities', () => {
  const { process: own } = SPEC;
  const { consoleSize: _, capabilities, ...rest } = own ?? { cwd: '' };
  expect(made({ args: ['id', '-u'] })).toEqual({
    ...rest,
    args: ['id', '-u'],
    capabilities: { ...capabilities, inheritable: [], ambient: [] },
  });
});

test.each([
  ['web', { uid: 33, gid: 34, additionalGids: [34, 35] }],
  ['33', { uid: 33, gid: 34, additionalGids: [34, 35] }],
  ['web:0', { uid: 33, gid: 0, additionalGids: [0] }],
  ['1000', { uid: 1000, gid: 0, additionalGids: [0] }],
])('-u %s: by the container’s files, its umask, and no capability of its own', (user, expected) => {
  const { user: found, capabilities } = made({ user });
  expect(found).toEqual({ umask: 0o022, ...expected });
  expect(capabilities).toMatchObject({ bounding: ['CAP_KILL'], effective: [], permitted: [] });
});

test('groups that were added to the container are of every user; unknown names are the container’s', () => {
  expect(made({ user: 'web' }, {}, { groups: ['35', '7'] }).user?.additionalGids).toEqual([34, 35, 7]);
  expect(() => made({ user: 'nope' })).toThrow("user nope: no matching entry in the container's /etc/passwd");
  expect(() => made({ user: 'web:nope' })).toThrow("no group nope in the container's /etc/group");
});

test('root in the container of another user has its bounding set, privileged all that can be handed on', () => {
  const spec = {
    ...SPEC,
    process: { cwd: '/', user: { uid: 5, gid: 5 }, capabilities: { bounding: ['CAP_KILL'] } },
  };
  const base = { spec } as Partial<Base>;
  expect(made({}, base).capabilities).toMatchObject({ bounding: ['CAP_KILL'], effective: [] });
  expect(made({ user: '0' }, base).capabilities).toMatchObject({
    effective: ['CAP_KILL'],
    permitted: ['CAP_KILL'],
  });
  const all = ['CAP_KILL', 'CAP_SYS_ADMIN'];
  expect(made({ privileged: true }).capabilities).toMatchObject({
    bounding: all,
    effective: all,
    ambient: [],
  });
  expect(made({ privileged: true, user: 'web' }).capabilities).toMatchObject({
    bounding: all,
    effective: [],
  });
  expect(made({ privileged: true }).noNewPrivileges).toBe(true);
});

test('the environment: the container’s, -e over it, a name alone removes', () => {
  expect(made({ env: ['A=2', 'B=3', 'HOSTNAME'] }).env).toEqual(['PATH=/bin', 'A=2', 'HOME=/root', 'B=3']);
});

test('HOME is another’s with -u, unless it was given to the container or by its image', () => {
  expect(made({ user: 'web' }).env).not.toContain('HOME=/root');
  expect(made({ user: 'web' }, {}, { env: ['HOME=/root'] }).env).toContain('HOME=/root');
  expect(made({ user: 'web' }, { imageEnv: () => ['HOME=/root'] }).env).toContain('HOME=/root');
  expect(made({ user: 'web', env: ['HOME=/x'] }).env).toContain('HOME=/x');
});

test('TERM is there with a terminal', () => {
  expect(made({ tty: true })).toMatchObject({ terminal: true, env: expect.arrayContaining(['TERM=xterm']) });
  const spec = { ...SPEC, process: { cwd: '/', env: ['TERM=xterm'] } };
  expect(made({}, { spec }, { tty: true }).env).toEqual([]);
  expect(made({}, { spec }, { tty: true, env: ['TERM=xterm'] }).env).toEqual(['TERM=xterm']);
  const vt = {
    spec: { ...SPEC, process: { cwd: '/', env: ['TERM=vt100'] } },
    imageEnv: () => ['TERM=vt100'],
  };
  expect(made({ tty: true }, vt).env).toEqual(['TERM=vt100']);
});

test.each<[string, object]>([
  ['args: no program to run', { args: [] }],
  ['args: not a list of texts', { args: 'ls' }],
  ['workdir: not an absolute path', { args: ['a'], workdir: 'x' }],
  ['env[0]: no variable name', { args: ['a'], env: ['=x'] }],
  ['image: there is no such field', { args: ['a'], image: 'x' }],
])('refused: %s', (message, config) => {
  expect(() => checkExec(config as ExecConfig)).toThrow(message);
});
