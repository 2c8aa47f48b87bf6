import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { until } from '../../support/programs.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.dispose());

/** Takes a pidfd over the socket, prints the message, what the fd is and whose; kills through it when told to. */
const HOLDER = `
import os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1]); server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
name, fds, _, _ = socket.recv_fds(connection, 4096, 2)
info = dict(line.split(":", 1) for line in open(f"/proc/self/fdinfo/{fds[0]}"))
print(name.decode(), len(fds), os.readlink(f"/proc/self/fd/{fds[0]}"), info["Pid"].strip(), flush=True)
sys.stdin.readline()
signal.pidfd_send_signal(fds[0], signal.SIGKILL)
`;

interface Holder {
  readonly path: string;
  /** The next line it prints. */
  next(): Promise<string>;
  /** Kills through the pidfd; resolves when it has. */
  kill(): Promise<unknown>;
}

async function holder(): Promise<Holder> {
  const path = join(bench.dir, `pidfd-${Math.random()}.sock`);
  const child = spawn('python3', ['-c', HOLDER, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toBe('listening');
  const gone = new Promise((resolve) => child.once('exit', resolve));
  return {
    path,
    next,
    kill: () => {
      child.stdin.end('kill\n');
      return gone;
    },
  };
}

const A_PIDFD = '(anon_inode:\\[pidfd\\]|pidfd:\\[\\d+\\])';

it('create --pidfd-socket hands over a pidfd of the first process', async () => {
  const { path, next, kill } = await holder();
  const id = bench.create(testSpec(['sleep', '1000']), bench.id(), ['--pidfd-socket', path]);
  const { pid } = bench.state(id);
  expect(await next()).toMatch(new RegExp(`^standard 1 ${A_PIDFD} ${pid}$`));
  await kill();
  await until(() => bench.state(id).status === 'stopped');
});

it('run --pidfd-socket does, too, and stays for its end', async () => {
  const { path, next, kill } = await holder();
  const id = bench.id();
  const bundle = bench.bundle(testSpec(['sleep', '1000']));
  const run = bench.start(['run', '-b', bundle, '--pidfd-socket', path, id]);
  expect(await next()).toMatch(new RegExp(`^standard 1 ${A_PIDFD} ${bench.state(id).pid}$`));
  await kill();
  expect(await run).toBe(137);
});

it('exec --pidfd-socket hands over that of the process that joined', async () => {
  const { path, next, kill } = await holder();
  const id = bench.create(testSpec(['sleep', '1000']));
  bench.ok(['start', id]);
  const exec = bench.start(['exec', '--pidfd-socket', path, id, 'sleep', '1000']);
  const [kind, count, , pid] = (await next()).split(' ');
  expect([kind, count]).toEqual(['setns', '1']);
  expect(Number(pid)).not.toBe(bench.state(id).pid);
  expect(JSON.parse(bench.ok(['ps', '-f', 'json', id]))).toContain(Number(pid));
  await kill();
  expect(await exec).toBe(137);
});

it('nobody at the socket is an error, and nothing is left', () => {
  const id = bench.id();
  const args = [
    'create',
    '-b',
    bench.bundle(testSpec(['true'])),
    '--pidfd-socket',
    join(bench.dir, 'nobody'),
  ];
  const { status, stderr } = bench.run([...args, id]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/connect.*nobody/);
  expect(bench.run(['state', id]).status).toBe(1);
});
