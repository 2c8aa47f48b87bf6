import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attachTo } from '../../../src/runtime/monitor/attach.ts';
import { encodeMessage } from '../../../src/runtime/monitor/messages.ts';

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'tinyrun-attach-'));
});
afterEach(() => rmSync(run, { recursive: true }));

/** Output, as a monitor frames it. */
function output(text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(1);
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

test('what a monitor said is heard by who types as it closes its end', async () => {
  const exit = { code: 7, signal: 0, started: 'then', finished: 'now', why: 'ended' };
  let heard = '';
  const closed = new Promise<void>((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write(output('last words\n'));
        socket.write(encodeMessage('exit', exit));
        socket.destroy();
      });
      // before the client's turn to read
      socket.once('close', () => {
        server.close();
        resolve();
        attached.then((client) => client?.type(Buffer.from('typed')));
      });
    });
    server.listen(join(run, 'socket'));
  });
  const attached = attachTo(run, (_, text) => {
    heard += text;
  });
  const client = await attached;
  await closed;
  expect((await client?.ended)?.code).toBe(7);
  expect(heard).toBe('last words\n');
});
