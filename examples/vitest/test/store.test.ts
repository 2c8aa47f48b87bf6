// A program that keeps data, in a network of its own: the tests work in it.
import { expect, test } from 'vitest';
import { useContainer } from './use-container.ts';

const store = useContainer(
  {
    image: 'busybox',
    args: ['sh', '-c', 'mkdir -p /data; echo ready to store; exec sleep 1000'],
    mounts: [{ kind: 'volume', target: '/data' }],
  },
  { log: 'ready to store' },
);

test('what is stored is there', async () => {
  await store().exec(['tee', '/data/key'], { input: 'value' });
  const { stdout } = await store().exec(['cat', '/data/key']);
  expect(stdout).toBe('value');
});

test('what is not stored is not', async () => {
  const { exitCode, stderr } = await store().exec(['cat', '/data/none']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('No such file');
});

test('it is there after a restart', async () => {
  await store().restart({ graceMs: 0 });
  await store().waitFor({ log: 'ready to store' });
  expect((await store().exec(['cat', '/data/key'])).stdout).toBe('value');
});
