// A server that the tests talk to from outside: it has the host's network, and a port that nobody has.
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';
import { useContainer } from './use-container.ts';

const port = await freePort();
const web = useContainer(
  {
    image: 'busybox',
    args: ['sh', '-c', `echo hello > /index.html; exec httpd -f -v -p 127.0.0.1:${port}`],
    network: 'host',
  },
  { port },
);

test('it serves a page', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('hello\n');
});

test('it writes down who asked', async () => {
  await fetch(`http://127.0.0.1:${port}/nothing`);
  const { line } = await web().waitFor({ log: /response:404/ }, { timeout: 10_000 });
  expect(line.stream).toBe('stderr');
});
