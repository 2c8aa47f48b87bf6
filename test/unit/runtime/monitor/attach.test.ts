import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attachTo } from '../../../../src/runtime/monitor/attach.ts';
import { hasEnded } from '../../../support/programs.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-attach-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const LISTENER = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print('up', flush=True)
time.sleep(1000)`;

test('a monitor that has gone is none: its directory, its socket, its end of that', async () => {
  expect(await attachTo(join(dir, 'nowhere'))).toBeUndefined();
  expect(await attachTo(dir)).toBeUndefined();
  writeFileSync(join(dir, 'socket'), '');
  expect(await attachTo(dir)).toBeUndefined();
  rmSync(join(dir, 'socket'));
});

test('one that goes with a client in its queue is none', async () => {
  const listener = spawn('python3', ['-c', LISTENER, join(dir, 'socket')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => listener.stdout.once('data', resolve));
  const { pid = 0 } = listener;
  const attached = attachTo(dir);
  listener.kill('SIGKILL');
  // before the event loop hears of the connection
  while (!hasEnded(pid));
  expect(await attached).toBeUndefined();
  expect(await attachTo(dir)).toBeUndefined();
});
