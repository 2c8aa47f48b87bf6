import { describe, expect, it } from 'vitest';
import { parse } from '../../../src/tinyrunc/args.ts';
import { listenEnv, listenFds, preservedFds } from '../../../src/tinyrunc/fds.ts';
import { EXEC_FLAGS, parseUser, processFromFlags } from '../../../src/tinyrunc/process.ts';
import { resourcesFromFlags, UPDATE_FLAGS } from '../../../src/tinyrunc/resources.ts';
import { parseDuration } from '../../../src/tinyrunc/verbs/events.ts';

const OWN = {
  cwd: '/',
  args: ['own'],
  env: ['PATH=/bin'],
  terminal: true,
  user: { uid: 5, gid: 6, additionalGids: [7], umask: 0o22 },
  capabilities: { bounding: ['CAP_KILL'], inheritable: [], effective: [], permitted: [], ambient: [] },
};

const exec = (...words: string[]) => processFromFlags(OWN, parse(words, EXEC_FLAGS, true), ['ls', '-l']);

describe('the process of exec', () => {
  it('is the container’s with another command, and no terminal unless asked', () => {
    expect(exec()).toEqual({ ...OWN, args: ['ls', '-l'], terminal: false });
    expect(exec('-t').terminal).toBe(true);
  });

  it('changes as the flags say', () => {
    expect(exec('-u', '1:2', '-g', '3', '-g', '4').user).toEqual({
      uid: 1,
      gid: 2,
      additionalGids: [7, 3, 4],
      umask: 0o22,
    });
    expect(exec('-u', '1').user).toMatchObject({ uid: 1, gid: 6 });
    expect(exec('--cwd', '/x', '-e', 'A=1', '--env', 'B=2')).toMatchObject({
      cwd: '/x',
      env: ['PATH=/bin', 'A=1', 'B=2'],
    });
    expect(exec('--no-new-privs').noNewPrivileges).toBe(true);
    expect(exec('--apparmor', 'p', '--process-label', 'l')).toMatchObject({
      apparmorProfile: 'p',
      selinuxLabel: 'l',
    });
  });

  it('never has a capability in its inheritable set because of --cap', () => {
    const { capabilities } = exec('--cap', 'CAP_NET_ADMIN', '-c', 'CAP_KILL');
    expect(capabilities?.inheritable).toEqual([]);
    expect(capabilities?.bounding).toEqual(['CAP_KILL', 'CAP_NET_ADMIN']);
  });

  it.each(['', 'root', '-1', '4294967295', '99999999999', '1:x', '0x1'])(
    'has no user %j (CVE-2024-40635)',
    (user) => {
      expect(() => parseUser(user)).toThrow(/as [ug]id/);
    },
  );
});

describe('the limits of update', () => {
  it('are what the flags name and nothing else', () => {
    const flags = (...words: string[]) => resourcesFromFlags(parse(words, UPDATE_FLAGS, false));
    expect(flags()).toEqual({});
    expect(
      flags('--memory', '64m', '--memory-swap=-1', '--cpu-quota', '5000', '--cpuset-cpus', '0-1'),
    ).toEqual({
      memory: { limit: 64 << 20, swap: -1 },
      cpu: { quota: 5000, cpus: '0-1' },
    });
    expect(flags('--pids-limit', '-1', '--blkio-weight', '500')).toEqual({
      pids: { limit: -1 },
      blockIO: { weight: 500 },
    });
    expect(() => flags('--cpu-quota', 'lots')).toThrow(/cpu-quota/);
  });
});

describe('fds from outside', () => {
  it('are announced by LISTEN_FDS to the process it names', () => {
    expect(listenFds({ LISTEN_FDS: '2' })).toBe(2);
    expect(listenFds({ LISTEN_FDS: '2', LISTEN_PID: String(process.pid) })).toBe(2);
    expect(listenFds({ LISTEN_FDS: '2', LISTEN_PID: '1' })).toBe(0);
    expect(listenFds({ LISTEN_FDS: 'two' })).toBe(0);
    expect(listenEnv(0)).toEqual([]);
    expect(listenEnv(2)).toEqual(['LISTEN_FDS=2', 'LISTEN_PID=1']);
  });

  it('must be open, and their number one', () => {
    const count = (text: string) => preservedFds(parse(['--preserve-fds', text], EXEC_FLAGS, true));
    expect(count('0')).toBe(0);
    expect(() => count('9999')).toThrow(/not open/);
    expect(() => count('-1')).toThrow(/invalid value/);
    expect(() => count('x')).toThrow(/invalid value/);
  });
});

it.each([
  ['5s', 5000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['250us', 0.25],
  ['-.5s', -500],
  ['0', 0],
])('reads the duration %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '5', 's', '.s', '-', '5x', '5s5'])('refuses the duration %j', (text) => {
  expect(() => parseDuration(text)).toThrow(/parse error/);
});
