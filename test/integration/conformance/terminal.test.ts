// config.md, process.terminal and consoleSize; config-linux.md, /dev/console: over --console-socket, as shims use it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Bench } from '../../support/bench.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

/** Takes the master over the socket and prints what the terminal says until it hangs up. */
const HOLDER = `
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1]); server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
name, fds, _, _ = socket.recv_fds(connection, 4096, 1)
print("master", os.readlink(f"/proc/self/fd/{fds[0]}"), flush=True)
while True:
    try: data = os.read(fds[0], 4096)
    except OSError: break
    if not data: break
    sys.stdout.write(data.decode()); sys.stdout.flush()
print("hung up", flush=True)
`;

it('a terminal is the program’s controlling one, its size consoleSize, its master handed over the socket', async () => {
  const socket = join(bench.dir, 'console.sock');
  const holder = spawn('python3', ['-c', HOLDER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value).trimEnd();
  expect(await next()).toBe('listening');
  const script =
    'tty; stty size; stat -c %t:%T /dev/console > /dev/null && echo console > /dev/tty; readlink /proc/self/fd/2; stty -a | grep -o ".onlcr"';
  const spec = testSpec(['sh', '-c', script], (s) => {
    s.process.terminal = true;
    s.process.consoleSize = { height: 33, width: 99 };
  });
  const id = bench.create(spec, bench.id(), ['--console-socket', socket]);
  bench.ok(['start', id]);
  const said: string[] = [];
  for (let line = await next(); line !== 'hung up'; line = await next()) said.push(line);
  expect(said[0]).toMatch(/ptmx$/);
  expect(said.slice(1)).toEqual([
    expect.stringMatching(/^\/dev\/(console|pts\/0)$/),
    '33 99',
    'console',
    expect.stringMatching(/^\/dev\//),
    ' onlcr',
  ]);
});

it('a terminal without a socket to hand it to is an error', () => {
  const bundle = bench.bundle(testSpec(['true'], (s) => Object.assign(s.process, { terminal: true })));
  const { status, stderr } = bench.run(['create', '-b', bundle, bench.id()]);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/console.?socket/i);
});
