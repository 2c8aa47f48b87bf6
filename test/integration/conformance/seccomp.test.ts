// config-linux.md, Seccomp.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { type Change, testSpec } from '../../support/spec.ts';
import { refuse, sh } from './support.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

describe('actions', () => {
  // The shell tells how mkdir ended: 128 and the signal (SIGSYS is 31).
  it.each([
    ['SCMP_ACT_ALLOW', '0'],
    ['SCMP_ACT_LOG', '0'],
    ['SCMP_ACT_ERRNO', '1'],
    ['SCMP_ACT_TRACE', '1'],
    ['SCMP_ACT_TRAP', '159'],
    ['SCMP_ACT_KILL', '159'],
    ['SCMP_ACT_KILL_THREAD', '159'],
    ['SCMP_ACT_KILL_PROCESS', '159'],
  ])('%s: mkdir ends with %s', (action, code) => {
    const spec = testSpec(['sh', '-c', 'mkdir /tmp/x 2>/dev/null; echo $?'], (s) => {
      s.root = { path: 'rootfs', readonly: false };
      const rule = { names: ['mkdir', 'mkdirat'], action };
      Object.assign(s.linux, { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] } });
    });
    const { stdout, stderr } = bench.run(['run', '-b', bench.bundle(spec), bench.id()]);
    expect(stdout.trim(), stderr).toBe(code);
  });
});

describe('rules', () => {
  const profile =
    (rule: object, more: object = {}): Change =>
    (s) =>
      Object.assign(s.linux, { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule], ...more } });
  const mkdir = 'mkdir /tmp/x 2>&1; echo';

  it('errno, by its number', () => {
    const names = ['mkdir', 'mkdirat'];
    const made = (errnoRet?: number) =>
      sh(bench, mkdir, (s) => {
        s.root = { path: 'rootfs', readonly: false };
        profile({ names, action: 'SCMP_ACT_ERRNO', ...(errnoRet !== undefined && { errnoRet }) })(s);
      });
    expect(made(28)).toContain('No space left on device');
    expect(made()).toContain('Operation not permitted');
  });

  it('arguments', () => {
    const kill = {
      names: ['kill'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }],
    };
    const out = sh(
      bench,
      'trap "" USR1 USR2; kill -10 $$ 2>/dev/null; echo $?; kill -12 $$; echo $?',
      profile(kill),
    );
    expect(out).toBe('1\n0');
  });

  it('unknown names are passed over, unknown actions are not', () => {
    expect(sh(bench, 'echo fine', profile({ names: ['no_such_call'], action: 'SCMP_ACT_ERRNO' }))).toBe(
      'fine',
    );
    refuse(bench, profile({ names: ['mkdir'], action: 'SCMP_ACT_DANCE' }), /SCMP_ACT_DANCE/);
  });

  it('an errno where the action has none is an error', () =>
    refuse(bench, profile({ names: ['mkdir'], action: 'SCMP_ACT_ALLOW', errnoRet: 1 }), /errno/i));
});

/** Takes one connection with its fds, prints the number of fds and what came with them, JSON a line. */
const AGENT = `
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1]); server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
data, fds, _, _ = socket.recv_fds(connection, 65536, 8)
while True:
    more = connection.recv(65536)
    if not more: break
    data += more
kinds = [os.readlink(f"/proc/self/fd/{fd}") for fd in fds]
print(json.dumps({"kinds": kinds, "state": json.loads(data)}), flush=True)
sys.stdin.read()
`;

/** The same, but it answers: whatever is asked may go on; the names it was asked about are told at the end. */
const ANSWERING = `
import fcntl, os, socket, struct, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1]); server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
data, fds, _, _ = socket.recv_fds(connection, 65536, 8)
asked = 0
try:
    while True:
        request = bytearray(80)
        fcntl.ioctl(fds[0], 0xc0502100, request)  # SECCOMP_IOCTL_NOTIF_RECV
        asked += 1
        id = struct.unpack_from("=Q", request)[0]
        answer = bytearray(struct.pack("=QqiI", id, 0, 0, 1))  # SECCOMP_USER_NOTIF_FLAG_CONTINUE
        try: fcntl.ioctl(fds[0], 0xc0182101, answer)
        except FileNotFoundError: pass
        # struct seccomp_notif: id, pid, flags, then struct seccomp_data, which starts with the number of the call
        if asked == 1: print("asked", struct.unpack_from("=i", request, 16)[0], flush=True)
except OSError: pass
`;

/** asm/unistd_64.h, asm-generic/unistd.h. */
const RECVMSG = { x64: 47, arm64: 212 };

describe('notify', () => {
  it('of calls that setting up makes itself waits for nobody who is not there yet', async () => {
    const socket = join(bench.dir, 'answering.sock');
    const agent = spawn('python3', ['-c', ANSWERING, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: agent.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    try {
      expect(await next()).toBe('listening');
      const spec = testSpec(['sh', '-c', 'exit 3'], (s) => {
        const names = 'close recvmsg read ppoll capset prctl rt_sigprocmask futex close_range execve mkdir';
        Object.assign(s.linux, {
          seccomp: {
            defaultAction: 'SCMP_ACT_ALLOW',
            listenerPath: socket,
            syscalls: [{ names: names.split(' '), action: 'SCMP_ACT_NOTIFY' }],
          },
        });
      });
      const result = bench.run(['run', '-b', bench.bundle(spec), bench.id()]);
      expect(result.stderr).toBe('');
      expect(result.status).toBe(3);
      // the waiting for the hand-over is not asked about: it is not the program's, and the agent might refuse it
      const [word, number] = (await next()).split(' ');
      expect(word).toBe('asked');
      expect(Number(number)).not.toBe(process.arch === 'x64' ? RECVMSG.x64 : RECVMSG.arm64);
    } finally {
      agent.kill();
    }
  });

  it('hands the listener its fd and one container process state', async () => {
    const socket = join(bench.dir, 'agent.sock');
    const agent = spawn('python3', ['-c', AGENT, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: agent.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    try {
      expect(await next()).toBe('listening');
      const spec = testSpec(['true'], (s) => {
        // recvmsg is what the way to the agent takes: it must not wait for who is not there yet
        const names = ['mkdir', 'mkdirat', 'recvmsg'];
        const rule = { names, action: 'SCMP_ACT_NOTIFY' };
        const profile = {
          defaultAction: 'SCMP_ACT_ALLOW',
          listenerPath: socket,
          listenerMetadata: 'meta',
          syscalls: [rule],
        };
        Object.assign(s.linux, { seccomp: profile });
      });
      const id = bench.create(spec);
      bench.ok(['start', id]);
      const { kinds, state } = JSON.parse(await next());
      expect(kinds).toEqual(['anon_inode:seccomp notify']);
      expect(state).toMatchObject({
        fds: ['seccompFd'],
        metadata: 'meta',
        ociVersion: expect.stringMatching(/^1\./),
      });
      expect(state.pid).toBeGreaterThan(0);
      expect(state.state).toMatchObject({ id, bundle: expect.stringMatching(/^\//) });
    } finally {
      agent.kill();
    }
  });

  it('without anybody to listen is an error', () =>
    refuse(
      bench,
      (s) => {
        const rule = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' };
        const listenerPath = join(bench.dir, 'nobody.sock');
        Object.assign(s.linux, {
          seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath, syscalls: [rule] },
        });
      },
      /nobody\.sock/,
    ));
});
