import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Transport } from '../../../src/image/registry/transport.ts';

let warnings: string[];
const note = (warning: Error) => warnings.push(warning.message);
beforeEach(() => {
  warnings = [];
  process.on('warning', note);
});
afterEach(() => process.off('warning', note));

test('a body of many pieces waits for its reader, and leaves no listeners behind', async () => {
  const pieces = 200;
  let read = 0;
  const server = createServer(async (request, response) => {
    for await (const chunk of request) read += chunk.length;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`);
  const transport = new Transport({
    insecure: true,
    certificates: () => ({ ca: [] }),
    idleMs: 60_000,
    env: {},
  });
  async function* body(): AsyncGenerator<Buffer> {
    for (let i = 0; i < pieces; i++) yield Buffer.alloc(1 << 16);
  }
  const response = await transport.send({ method: 'PATCH', url, body });
  response.body.resume();
  transport.close();
  await new Promise((resolve) => server.close(resolve));
  expect(read).toBe(pieces << 16);
  expect(warnings).toEqual([]);
});
