import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { PORT_PROTOCOLS, socketAddress } from '../../../src/plan/socket-address.ts';
import { NO_SLOT, type Step } from '../../../src/plan/types.ts';
import { type Launched, launchSync } from '../../../src/runtime/launch.ts';
import { Netns } from '../../support/netns.ts';

const host = new Netns();
afterAll(() => host.dispose());

const reserve = (protocol: string, address: string, port: number, slot: number): Step => ({
  op: 'reserve',
  lane: 'host',
  args: { protocol: PORT_PROTOCOLS[protocol] ?? 0, address: socketAddress(address, port), slot },
  why: 'of the test',
});

const step = (op: string, lane: string, args: object) => ({ op, lane, args, why: 'of the test' }) as Step;

/** A process that holds what `steps` reserve. */
function holding(...steps: Step[]): Launched {
  const rest = [
    step('clone', 'host', { flags: 0n, cgroup: NO_SLOT, pass: [] }),
    step('awaitConfigured', 'container', {}),
    step('signalConfigured', 'host', {}),
    step('ready', 'container', {}),
    step('awaitReady', 'host', {}),
    step('dieWithParent', 'container', { signal: 9 }),
    step('execve', 'container', { args: ['/bin/sleep', '600'], env: [] }),
    step('awaitExec', 'host', {}),
  ];
  return host.run(() => launchSync({ plan: { steps: [...steps, ...rest] } }));
}

async function end(launched: Launched): Promise<void> {
  process.kill(launched.pid, 'SIGKILL');
  await launched.wait();
}

/** `socket:[INODE]` of each that a process has. */
const sockets = (pid: number | 'self') =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return link.startsWith('socket:') ? [link] : [];
    } catch {
      return [];
    }
  });

describe.each([
  ['tcp', '0.0.0.0'],
  ['tcp', '127.0.0.1'],
  ['tcp', '::'],
  ['tcp', '::1'],
  ['udp', '0.0.0.0'],
  ['udp', '::1'],
] as const)('%s %s', (protocol, address) => {
  test('is held until the container has ended, and is none of its own fds', async () => {
    const before = sockets('self');
    const ours = () => sockets('self').filter((each) => !before.includes(each));
    const first = holding(reserve(protocol, address, 8080, 0));
    try {
      const [held] = ours();
      expect(ours()).toHaveLength(1);
      const where = address.includes(':') ? `[${address}]` : address;
      expect(() => holding(reserve(protocol, address, 8080, 0))).toThrow(
        `publish ${where}:8080/${protocol}: bind: EADDRINUSE: address already in use`,
      );
      expect(ours()).toEqual([held]);
      expect(sockets(first.pid)).not.toContain(held);
    } finally {
      await end(first);
    }
    expect(ours()).toEqual([]);
    await end(holding(reserve(protocol, address, 8080, 0)));
  });

  test('is refused to any who listens; nothing listens there itself', async () => {
    const kind = protocol === 'tcp' ? '-t' : '-u';
    const held = holding(reserve(protocol, address, 8081, 0));
    const listening = host.exec('ss', ['-Hln', kind, 'sport', '=', ':8081']);
    if (protocol === 'tcp') expect(listening).toBe('');
    const family = address.includes(':') ? '-6' : '-4';
    const bind = `
      import socket, sys
      s = socket.socket(socket.AF_INET${family === '-6' ? '6' : ''}, socket.SOCK_${protocol === 'tcp' ? 'STREAM' : 'DGRAM'})
      s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      try: s.bind(('${address}', 8081)); print('bound')
      except OSError as e: print(e.errno)`.replace(/^ {6}/gm, '');
    expect(host.exec('python3', ['-c', bind]).trim()).toBe('98');
    await end(held);
  });
});

test('families are apart; an address of the host and all of it are not', async () => {
  const held = holding(
    reserve('tcp', '0.0.0.0', 8082, 0),
    reserve('tcp', '::', 8082, 1),
    reserve('udp', '0.0.0.0', 8082, 2),
    reserve('udp', '::', 8082, 63),
  );
  expect(() => holding(reserve('tcp', '127.0.0.1', 8082, 0))).toThrow(
    'publish 127.0.0.1:8082/tcp: bind: EADDRINUSE',
  );
  expect(() => holding(reserve('udp', '::1', 8082, 0))).toThrow('publish [::1]:8082/udp: bind: EADDRINUSE');
  await end(held);
});

test('what the host is not cannot be reserved', () => {
  expect(() => holding(reserve('tcp', '192.0.2.1', 8083, 0))).toThrow(
    'publish 192.0.2.1:8083/tcp: bind: EADDRNOTAVAIL',
  );
  const odd = { protocol: 6, address: new Uint8Array(16), slot: 0 };
  expect(() => holding(step('reserve', 'host', odd))).toThrow('EINVAL');
  expect(() => holding(reserve('tcp', '0.0.0.0', 1, 64))).toThrow();
});

test('sctp, where the kernel has it', async () => {
  const held = holding(reserve('sctp', '0.0.0.0', 8084, 0));
  await end(held);
});

test('datagrams that are sent there are not kept', async () => {
  const held = holding(reserve('udp', '127.0.0.1', 8085, 0));
  host.exec('python3', [
    '-c',
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(20): s.sendto(b'x' * 1000, ('127.0.0.1', 8085))`,
  ]);
  expect(host.exec('ss', ['-Huln', 'sport', '=', ':8085'])).toMatch(/^\w+\s+0\s+0\s/);
  await end(held);
});
